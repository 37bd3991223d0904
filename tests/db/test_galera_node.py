"""A Galera node that rejects statements is left, like a server that does not answer.

`wsrep_reject_queries` makes one node reject all statements with the error of a node outside the
primary component (1047).
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial

import pytest

from app.db.errors import DatabaseUnavailable, OutcomeUnknown, ServerNotReady
from app.db.probe import probe
from tests.db.conftest import OWN
from tests.db.relay import Relay, through
from tests.db.test_concurrency import hold_at_once, settles
from tests.support.counting import statements
from tests.support.database import add, opened, query, words
from tests.support.galera import start_galera, words_on

pytestmark = pytest.mark.server_independent

COUNT = "SELECT COUNT(*) AS number FROM word"
NONE = {"number": 0}
# `adaptive` detects the node when it connects; with the others the statements fail.
STRATEGIES = ["adaptive", "pooled", OWN]
LONGER_THAN_THE_TEST_SECONDS = 60


@pytest.fixture(scope="module")
def node():
    with start_galera() as (node,):
        yield node


@pytest.fixture(scope="module")
def words_url(node):
    return words_on(node)


@pytest.fixture
def url(words_url, node):
    with closing(node.connect(words_url)) as root:
        query(root, "DELETE FROM word")
    return words_url


@pytest.fixture
def root(node, url):
    with closing(node.connect(url)) as connection:
        yield connection


@contextmanager
def patient(url, **settings):
    seconds = {
        "db_outage_patience_seconds": LONGER_THAN_THE_TEST_SECONDS,
        "db_connect_timeout_seconds": LONGER_THAN_THE_TEST_SECONDS,
    }
    with opened(url, **seconds, **settings) as db:
        yield db


def is_waiting(db):
    """Return whether a caller waits for the node, after more retries than a lost connection has."""
    figures = db.statistics()
    retries = figures.get("retried_read", 0) + figures.get("retried_begin", 0)
    return figures.get("waited_for_server", 0) > 0 or retries > 10


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_read_waits_until_a_node_accepts_statements(strategy, node, url):
    with patient(url, db_strategy=strategy, db_pool_size=1) as db, ThreadPoolExecutor(1) as pool:
        db.fetch_one(COUNT)
        with node.rejecting():
            read = pool.submit(db.fetch_one, COUNT)
            assert settles(lambda: is_waiting(db))

        assert read.result() == NONE


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_transaction_runs_again_when_a_node_accepts_statements(strategy, node, url, root):
    def write(tx):
        add(tx, "first")
        if not runs:
            node.configure(wsrep_reject_queries="ALL")
        runs.append(1)
        add(tx, "second")

    runs = []
    with patient(url, db_strategy=strategy) as db, ThreadPoolExecutor(1) as pool:
        done = pool.submit(db.run_transaction, write)
        assert settles(lambda: is_waiting(db))
        node.configure(wsrep_reject_queries="NONE")
        done.result()

        assert len(runs) == 2
        assert words(root) == ["first", "second"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_connection_is_not_used_again(strategy, node, url):
    settings = {"db_pool_size": 1, "db_outage_patience_seconds": 0}
    with opened(url, db_strategy=strategy, **settings) as db:
        before = db.fetch_one("SELECT CONNECTION_ID() AS id")
        with node.rejecting(), pytest.raises(DatabaseUnavailable) as caught:
            db.fetch_one(COUNT)

        assert caught.value.code == 1047
        assert settles(lambda: can_connect(db))
        assert db.fetch_one("SELECT CONNECTION_ID() AS id") != before


def can_connect(db):
    try:
        return bool(db.fetch_one("SELECT 1"))
    except DatabaseUnavailable:  # the circuit breaker is open
        return False


def test_all_connections_to_the_node_are_left_at_once(node, url):
    with opened(url, db_outage_patience_seconds=0) as db:
        hold_at_once(db, threads=4)
        with node.rejecting(), pytest.raises(DatabaseUnavailable):
            db.run_transaction(lambda tx: add(tx, "rejected"))

        assert settles(lambda: can_connect(db))
        assert db.statistics()["closed_not_ready"] == 1
        assert db.statistics()["closed_epoch"] == 3


def test_a_commit_that_the_node_rejects_has_an_unknown_outcome(node, url, root):
    with opened(url) as db:
        with pytest.raises(OutcomeUnknown) as caught, db.transaction() as tx:
            add(tx, "not committed")
            node.configure(wsrep_reject_queries="ALL")
        node.configure(wsrep_reject_queries="NONE")

        assert caught.value.code == 0
        assert caught.value.__cause__.args[0] == 1047
        assert words(root) == []


def test_its_commit_token_decides_the_outcome_when_a_node_accepts_statements(node, url, root):
    with Relay(node.port) as relay, patient(through(relay, url)) as db:
        relay.target_host = node.host
        reject = partial(node.configure, wsrep_reject_queries="ALL")
        relay.faults_in_turn = [(b"COMMIT", reject)]
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(db.run_transaction, lambda tx: add(tx, "once"))
            assert settles(lambda: is_waiting(db))
            node.configure(wsrep_reject_queries="NONE")
            done.result()

        assert db.statistics()["commit_missing"] == 1
        assert words(root) == ["once"]


def test_a_node_that_rejects_at_first_use_raises_server_not_ready(node, url):
    with (
        opened(url, db_strategy="per_request", db_outage_patience_seconds=0) as db,
        node.rejecting(),
        pytest.raises(ServerNotReady),
    ):
        db.fetch_one(COUNT)


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_causal_reads_are_set_when_the_connection_is_opened(driver, node, url):
    def session_wait(consistency):
        with opened(url, db_driver=driver, db_read_consistency=consistency) as db:
            return db.fetch_one("SELECT @@wsrep_sync_wait AS wait")["wait"]

    eventual = statements(node, lambda: session_wait("eventual"))

    assert session_wait("causal") == 1
    assert session_wait("eventual") == 0
    assert statements(node, lambda: session_wait("causal")) == eventual


def test_causal_statements_wait_once_each_and_a_new_connection_does_not(node, url):
    def waits():
        return int(node.status()["wsrep_causal_reads"])

    begin = waits()
    with opened(url, db_read_consistency="causal") as db:
        db.fetch_one(COUNT)
        after_read = waits()
        db.run_transaction(lambda tx: [tx.fetch_one(COUNT), add(tx, "written")])

    assert after_read - begin == 1
    assert waits() - after_read == 1


def test_a_health_check_does_not_wait_for_the_cluster(url):
    wait = "SELECT @@wsrep_sync_wait AS wait"
    with opened(url, db_read_consistency="causal") as db:
        before = db.fetch_one(wait)

        assert probe(db.connections, lambda reader: reader.fetch_one(wait)) == {"wait": 0}
        assert db.fetch_one(wait) == before == {"wait": 1}
        assert db.statistics()["opened"] == 1


def test_the_name_of_the_node_belongs_to_its_identity(url):
    with opened(url) as db:
        db.fetch_one("SELECT 1")
        (entry,) = db.connections.strategy._idle.entries()

        assert "node1" in entry.session.server
        assert entry.session.is_recognizable
