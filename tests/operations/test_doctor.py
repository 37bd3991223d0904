"""`flask doctor` checks the settings against the server, and suggests corrections."""

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app import create_app
from app.db.connector import Connector
from app.db.url import DatabaseUrl
from app.operations import doctor
from app.settings import BadSettings
from tests.support.database import query, settings_for
from tests.support.server import start_server
from tests.support.service import PROJECT, Service, environment, free_port

RELIES_ON_AGE = [
    {"db_strategy": "timed"},
    {"db_strategy": "sqlalchemy", "db_pre_ping": False},
    {"db_strategy": "sqlalchemy_session", "db_pre_ping": False},
]
INDEPENDENT_OF_AGE = [
    {"db_strategy": "adaptive"},
    {"db_strategy": "adaptive", "db_recycle_seconds": 0},
    {"db_strategy": "sqlalchemy"},
    {"db_strategy": "sqlalchemy_session"},
    {"db_strategy": "persistent"},
    {"db_strategy": "pooled"},
    {"db_strategy": "per_query"},
    {"db_strategy": "per_request"},
]


@pytest.fixture(scope="module")
def strict_server():
    """A read-only server that closes idle connections after 30 s and allows 5 per user."""
    with start_server(wait_timeout=30, max_user_connections=5, read_only=1) as running:
        yield running


@pytest.fixture(scope="module")
def strict_url(strict_server):
    return strict_server.create_database()


def report(url, **settings):
    """Run the command in this process; return its exit status and output."""
    runner = create_app(settings_for(url, **settings)).test_cli_runner()
    result = runner.invoke(args=["doctor"])
    return result.exit_code, result.output


def failures(output):
    return {line.split()[1] for line in output.splitlines() if line.startswith("FAIL")}


def findings(url, **settings):
    found = doctor.examine(settings_for(url, **settings))
    return {finding.name: finding for finding in found}


def described(settings):
    return " ".join(str(value) for value in settings.values())


def test_the_defaults_have_no_failures(migrated, server):
    status, output = report(migrated)

    assert (status, failures(output)) == (0, set())
    assert all(line.startswith("ok ") for line in output.splitlines())
    assert server.version.split("-")[0] in output


def test_certificate_authorities_that_are_not_used_are_a_failure(migrated):
    finding = findings(migrated, db_ssl_ca="/etc/ssl/ca.pem")["DB_SSL_CA"]

    assert finding.observed == "/etc/ssl/ca.pem; not used with DB_SSL_MODE=DISABLED"
    assert "VERIFY_IDENTITY" in finding.remedy


def test_failures_are_listed_with_remedies(server):
    url = server.create_database()

    status, output = report(
        url, db_strategy="timed", db_recycle_seconds=28800, db_keepalive_seconds=300, threads=100
    )

    assert status == 1
    wrong = {"DB_RECYCLE_SECONDS", "DB_KEEPALIVE_SECONDS", "connections", "schema"}
    assert failures(output) == wrong
    assert output.count(" -> ") == len(wrong)
    assert "set DB_RECYCLE_SECONDS to 180" in output  # below the limits of most firewalls
    assert "make migrate" in output


def test_the_strategy_single_is_a_failure(migrated):
    status, output = report(migrated, db_strategy="single")

    assert status == 1
    assert "kept as a control" in output


def test_an_unreachable_server_is_one_line_without_a_traceback(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"],
        cwd=tmp_path,
        env=environment(f"mysql://app:secret@127.0.0.1:{free_port()}/database"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert re.fullmatch(r"Error: DATABASE_URL=.*no server responds.*\n", ended.stderr)


def test_the_sample_in_the_documents_has_lines_of_a_real_report(migrated):
    page = (PROJECT / "docs/deployment.md").read_text()
    (sample,) = re.findall(r"```\n((?:ok|FAIL) .*?)```", page, re.DOTALL)

    def checks(output):
        return set(re.findall(r"^(?:ok|FAIL) +(\S+) +\S", output, re.MULTILINE))

    assert checks(sample)
    assert checks(sample) <= checks(report(migrated)[1])


def test_the_master_logs_each_warning_once_when_it_starts(server):
    service = Service(
        server.create_database(),
        WEB_CONCURRENCY=2,
        DB_POOL_SIZE=500,
        DB_STATEGY="pooled",
    )
    try:
        Path(service.folder.name, ".env").write_text("DB_POOLSIZE=3\n")
        log = service.start().log.read_text()
    finally:
        service.stop()

    for warning in (
        "2 workers x 500 connections = 1000; the server allows ",
        "make migrate",
        "DB_STATEGY is set but is not a setting; did you mean DB_STRATEGY?",
        "DB_POOLSIZE is set but is not a setting; did you mean DB_POOL_SIZE?",
    ):
        assert log.count(warning) == 1


def test_a_read_only_server_is_a_failure(strict_url, migrated):
    assert "primary" in findings(strict_url)["writable"].remedy
    assert findings(migrated)["writable"].remedy == ""


def test_a_server_with_only_innodb_read_only_is_a_failure():
    with start_server() as server:
        url = server.create_database()
        server.options["innodb_read_only"] = 1
        server.restart()

        assert findings(url)["writable"].observed == "no, innodb_read_only is on"


def test_the_limit_per_user_applies_if_there_is_one(strict_url):
    fits = findings(strict_url, web_concurrency=2, threads=2)["connections"]
    exceeds = findings(strict_url, web_concurrency=5, threads=1)["connections"]

    assert fits.remedy == ""
    assert "the server allows 5" in exceeds.observed
    assert "WEB_CONCURRENCY" in exceeds.remedy


@pytest.mark.parametrize("settings", RELIES_ON_AGE, ids=described)
@pytest.mark.parametrize("seconds", [30, 180, 0])
def test_a_recycle_age_at_or_above_wait_timeout_is_a_startup_error(settings, seconds, strict_url):
    found = findings(strict_url, db_recycle_seconds=seconds, **settings)["DB_RECYCLE_SECONDS"]

    assert found.remedy == "the server closes idle connections after 30 s: " + (
        "set DB_RECYCLE_SECONDS to 27"
    )
    assert found.startup_error.startswith(f"DB_RECYCLE_SECONDS={seconds}: ")
    assert f"DB_STRATEGY={settings['db_strategy']}" in found.startup_error
    assert "more than 0 and less than 30" in found.startup_error


@pytest.mark.parametrize("settings", RELIES_ON_AGE, ids=described)
def test_a_recycle_age_below_wait_timeout_is_accepted(settings, strict_url):
    found = findings(strict_url, db_recycle_seconds=29, **settings)["DB_RECYCLE_SECONDS"]

    assert (found.remedy, found.startup_error) == ("", "")


@pytest.mark.parametrize("settings", INDEPENDENT_OF_AGE, ids=described)
def test_any_recycle_age_is_accepted_if_the_strategy_does_not_depend_on_it(settings, strict_url):
    found = findings(strict_url, **settings)["DB_RECYCLE_SECONDS"]

    assert (found.remedy, found.startup_error) == ("", "")


@pytest.mark.parametrize(("seconds", "is_failure"), [(19, False), (20, True)])
def test_the_idle_limit_of_a_proxy_applies_if_it_is_lower(seconds, is_failure, migrated):
    settings = {"db_proxy_idle_limit_seconds": 20, "db_keepalive_seconds": 10}
    found = findings(migrated, db_strategy="timed", db_recycle_seconds=seconds, **settings)
    error = found["DB_RECYCLE_SECONDS"].startup_error

    assert bool(found["DB_RECYCLE_SECONDS"].remedy) == is_failure
    assert ("a proxy" in error and "DB_PROXY_IDLE_LIMIT_SECONDS" in error) == is_failure


def test_the_remedy_for_a_wait_timeout_of_one_second_is_above_zero(strict_server, strict_url):
    with closing(strict_server.connect()) as dba:
        query(dba, "SET GLOBAL wait_timeout = 1")
        try:
            remedy = findings(strict_url, db_strategy="timed")["DB_RECYCLE_SECONDS"].remedy
        finally:
            query(dba, "SET GLOBAL wait_timeout = 30")

    assert float(re.search(r"to ([\d.]+)$", remedy)[1]) > 0


def test_an_account_with_more_than_access_to_rows_is_a_failure(migrated, server):
    owner = findings(server.owner_url(migrated))["account"]

    assert "ALTER" in owner.observed
    assert "MIGRATION_DATABASE_URL" in owner.remedy
    assert findings(migrated)["account"].remedy == ""


def test_privileges_on_all_databases_are_included(migrated, server):
    with closing(server.connect()) as dba:
        query(dba, "CREATE USER broad@'%' IDENTIFIED BY 'pw'")
        query(dba, "GRANT SELECT, DROP ON *.* TO broad@'%'")
    url = f"mysql://broad:pw@127.0.0.1:{server.port}/{DatabaseUrl.parse(migrated).name}"

    assert "DROP" in findings(url)["account"].observed


@pytest.mark.parametrize(("seconds", "is_failure"), [(59, False), (60, True)])
def test_keepalive_probes_above_common_idle_limits_are_a_failure(seconds, is_failure, migrated):
    found = findings(migrated, db_keepalive_seconds=seconds)

    assert bool(found["DB_KEEPALIVE_SECONDS"].remedy) == is_failure


def test_unencrypted_connections_to_another_machine_are_a_failure(migrated):
    # 127.1 is this machine too, but does not look like it.
    elsewhere = migrated.replace("127.0.0.1", "127.1")

    assert "DB_SSL_MODE" in findings(elsewhere)["TLS"].remedy
    assert findings(migrated)["TLS"].remedy == ""


@pytest.mark.parametrize(
    ("strategy", "needed"),
    [("single", 3), ("timed", 12), ("persistent", 12), ("pooled", 6), ("adaptive", 6)],
)
def test_the_connections_of_all_workers_are_added_up(strategy, needed, migrated):
    settings = settings_for(
        migrated, db_strategy=strategy, web_concurrency=3, threads=4, db_pool_size=2
    )

    assert doctor.connections_needed(settings) == needed


def test_an_exhausted_connection_limit_is_reported(server):
    with closing(server.connect()) as dba:
        query(dba, "CREATE USER crowd@'%' IDENTIFIED BY 'pw' WITH MAX_USER_CONNECTIONS 1")
        query(dba, "GRANT ALL ON *.* TO crowd@'%'")
    settings = settings_for(f"mysql://crowd:pw@127.0.0.1:{server.port}/mysql")

    with (
        closing(Connector(settings.database_config())()),
        pytest.raises(BadSettings, match="connection limit is reached"),
    ):
        doctor.examine(settings)
