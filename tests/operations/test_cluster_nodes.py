"""On a cluster node: `flask doctor`, the checks at startup, and `/readyz`.

The node is one of Galera or, if the tests run on MySQL, a member of a group.
"""

import os
from contextlib import closing, contextmanager
from unittest.mock import patch

import pytest

from app import create_app
from app.operations import doctor, startup_checks
from app.settings import BadSettings, load_settings
from tests.db.test_concurrency import settles
from tests.support.database import query, settings_for
from tests.support.galera import start_galera
from tests.support.group_replication import start_group
from tests.support.server import FLAVOR
from tests.support.service import environment, free_port

start_cluster = {"mariadb": start_galera, "mysql": start_group}[FLAVOR]
GALERA_ONLY = pytest.mark.server_independent


@pytest.fixture(scope="module")
def node():
    with start_cluster() as (node,):
        yield node


@pytest.fixture(scope="module")
def url(node):
    return node.create_migrated_database()


@contextmanager
def configured(node, name, value):
    """Set a global variable for the length of the block."""
    ((before,),) = query(node.watcher, f"SELECT @@GLOBAL.{name}")
    node.configure(**{name: value})
    try:
        yield
    finally:
        node.configure(**{name: before})


def report(url, **settings):
    """Run the command in this process; return its exit status and output."""
    result = create_app(settings_for(url, **settings)).test_cli_runner().invoke(args=["doctor"])
    return result.exit_code, result.output


def findings(url, **settings):
    found = doctor.examine(settings_for(url, **settings))
    return {finding.name: finding for finding in found}


def test_the_recommended_settings_have_no_failures(url):
    status, output = report(url, db_read_consistency="causal", db_read_timeout_seconds=31)

    assert status == 0, output
    assert {
        "mariadb": "Galera node node1: Primary, Synced, 1 nodes, auto_increment_increment=1",
        "mysql": "Group Replication: ONLINE, PRIMARY, 1 of 1 members online",
    }[FLAVOR] in output


@GALERA_ONLY
def test_the_waits_of_causal_reads_are_shown(url):
    _, output = report(url, db_read_consistency="causal", db_read_timeout_seconds=31)

    assert "causal (wsrep_sync_wait=1), repl.causal_read_timeout=30 s" in output


def test_a_server_without_a_cluster_has_no_findings_about_one(migrated):
    assert not findings(migrated).keys() & {"cluster", "quorum", "DB_READ_CONSISTENCY"}


@GALERA_ONLY
@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        ("wsrep_certify_nonPK", "OFF", "Galera settings"),
        ("wsrep_auto_increment_control", "OFF", "Galera settings"),
        ("wsrep_dirty_reads", "ON", "Galera settings"),
        ("log_bin_trust_function_creators", "OFF", "Galera settings"),
        ("wsrep_sync_wait", 7, "DB_READ_CONSISTENCY"),
    ],
)
def test_each_unsuitable_setting_is_named(name, value, finding, node, url):
    assert findings(url)[finding].remedy == ""
    with configured(node, name, value):
        found = findings(url)

    assert name in found[finding].remedy
    assert [one.name for one in found.values() if one.remedy] == [finding]


@GALERA_ONLY
def test_options_with_which_both_halves_of_a_partition_commit_are_named(node, url):
    with configured(node, "wsrep_provider_options", "pc.ignore_sb=true"):
        remedy = findings(url)["quorum"].remedy
        node.configure(wsrep_provider_options="pc.ignore_sb=false")

    assert "pc.ignore_sb" in remedy
    assert "pc.ignore_quorum" not in remedy


@GALERA_ONLY
def test_a_causal_read_must_end_before_the_read_timeout(url):
    found = findings(url, db_read_consistency="causal", db_read_timeout_seconds=30)

    assert "repl.causal_read_timeout" in found["DB_READ_CONSISTENCY"].remedy


def test_a_node_without_a_majority_is_a_failure(node, url):
    with node.rejecting():
        found = findings(url)["cluster"]

    assert found.remedy
    assert findings(url)["cluster"].remedy == ""


@GALERA_ONLY
def test_the_report_on_a_node_that_rejects_statements_names_the_reason(node, url):
    with node.rejecting():
        status, output = report(url)

    (line,) = [line for line in output.splitlines() if line.startswith("FAIL  cluster")]
    assert status == 1
    assert "Galera node node1: Primary" in line
    assert "the node rejects all statements (wsrep_reject_queries=ALL)" in output


@GALERA_ONLY
def test_a_start_on_a_node_that_rejects_statements_is_refused_in_one_line(node, url):
    variables = environment(url, PORT=free_port())
    with patch.dict(os.environ, variables, clear=True):
        settings = load_settings(None)
    with node.rejecting(), pytest.raises(BadSettings) as caught:
        startup_checks.check(settings, variables)

    assert str(caught.value).startswith("DATABASE_URL='mysql://service:")
    assert "wsrep_reject_queries=ALL" in str(caught.value)
    assert "\n" not in str(caught.value)


@GALERA_ONLY
def test_readyz_says_that_the_node_is_not_in_the_primary_component(node, url):
    app = create_app(settings_for(url))
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    with node.rejecting():
        first, second = client.get("/readyz"), client.get("/readyz")

    for response in (first, second):
        assert response.status_code == 503
        assert "not in the primary component" in response.json["detail"]
        assert "1047" in response.json["detail"]
    assert settles(lambda: client.get("/readyz").status_code == 200)
    app.extensions["database"].close()


def test_readyz_says_that_a_server_accepts_no_changes(node, url):
    app = create_app(settings_for(url))
    client = app.test_client()
    assert "writes" not in client.get("/readyz").json
    with closing(node.connect()) as root:
        query(root, "SET GLOBAL read_only = 1")
        try:
            response = client.get("/readyz")
        finally:
            query(root, "SET GLOBAL read_only = 0")

    assert response.status_code == 200
    assert response.json["writes"].startswith("The server accepts no writes at present")
    app.extensions["database"].close()
