"""Lost connections and lost responses: which error is raised, and what is retried."""

import signal
from contextlib import contextmanager

import pytest

from app.db.errors import (
    ConnectionLost,
    DatabaseUnavailable,
    DuplicateKey,
    OutcomeUnknown,
    PoolExhausted,
    StatementRejected,
)
from tests.db.conftest import MORE_THAN_THE_POOL_HOLDS, ON_EACH_KIND, RELIABLE_STRATEGIES
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.relay import through
from tests.db.test_concurrency import settles
from tests.support.database import add, kill_all, opened, query, words


@pytest.fixture
def behind(relay, url):
    """A `Database` through the relay, on the default strategy, that retries as little as possible.

    It has no commit tokens: `test_commit_tokens.py` tests those.
    """
    settings = {
        "db_pool_size": 2,
        "db_pool_timeout_seconds": 0.3,
        "db_outage_patience_seconds": 0,
        "db_commit_tokens": False,
    }
    with opened(through(relay, url), **settings) as database:
        yield database


def test_a_lost_response_to_commit_is_an_unknown_outcome(behind, relay, root):
    relay.cut_response_to = b"COMMIT"
    with pytest.raises(OutcomeUnknown), behind.transaction() as tx:
        add(tx, "stored without a response")

    assert settles(lambda: words(root) == ["stored without a response"])


@pytest.fixture
def failing_procedure(root):
    """A procedure that stores a word and then fails."""
    query(
        root,
        "CREATE PROCEDURE store_and_fail() "
        "BEGIN INSERT INTO word (word) VALUES (UUID()); SIGNAL SQLSTATE '45000'; END",
    )
    yield "store_and_fail"
    query(root, "DROP PROCEDURE store_and_fail")


def test_a_statement_that_fails_in_autocommit_is_run_once(db, root, failing_procedure):
    with pytest.raises(StatementRejected):
        db.fetch_one(f"CALL {failing_procedure}()")

    assert len(words(root)) == 1
    assert db.statistics()["opened"] == 1


def test_a_transaction_with_an_unknown_outcome_is_not_retried(behind, relay):
    runs = []

    def write(tx):
        runs.append(1)
        add(tx, f"run {len(runs)}")

    relay.cut_response_to = b"COMMIT"
    with pytest.raises(OutcomeUnknown):
        behind.run_transaction(write)

    assert len(runs) == 1


def test_an_idempotent_transaction_is_retried_after_an_unknown_outcome(behind, relay, root):
    runs = []

    def write(tx):
        runs.append(1)
        tx.execute("INSERT IGNORE INTO word (word) VALUES ('once')")
        if len(runs) == 2:
            relay.cut_response_to = None

    relay.cut_response_to = b"COMMIT"
    behind.run_transaction(write, idempotent=True)

    assert len(runs) == 2
    assert words(root) == ["once"]


def test_an_unknown_outcome_stays_unknown_if_the_retry_finds_no_server(behind, relay, root):
    def write(tx):
        tx.execute("INSERT IGNORE INTO word (word) VALUES ('once')")
        relay.rejects_clients = True

    relay.cut_response_to = b"COMMIT"
    with pytest.raises(OutcomeUnknown):
        behind.run_transaction(write, idempotent=True)

    assert settles(lambda: words(root) == ["once"])


def test_an_unknown_outcome_stays_unknown_if_all_retries_lose_the_connection(behind, relay, root):
    runs = []

    def write(tx):
        runs.append(1)
        if len(runs) > 1:
            relay.reset()
        tx.execute("INSERT IGNORE INTO word (word) VALUES ('once')")

    relay.cut_response_to = b"COMMIT"
    with pytest.raises(OutcomeUnknown):
        behind.run_transaction(write, idempotent=True)

    assert len(runs) == 4
    assert settles(lambda: words(root) == ["once"])


def test_a_constraint_violation_in_the_retry_replaces_the_unknown_outcome(behind, relay):
    def write(tx):
        add(tx, "one and the same")

    relay.cut_response_to = b"COMMIT"
    with pytest.raises(DuplicateKey):
        behind.run_transaction(write, idempotent=True)


def test_a_commit_that_was_not_sent_is_a_lost_connection(behind, relay, root):
    with pytest.raises(ConnectionLost), behind.transaction() as tx:
        add(tx, "never committed")
        relay.reset()

    assert words(root) == []


def test_a_statement_in_a_transaction_is_never_retried(behind, relay, root):
    with pytest.raises(ConnectionLost), behind.transaction() as tx:
        add(tx, "first")
        relay.cut_response_to = b"SELECT"
        tx.fetch_one("SELECT 1")

    assert behind.statistics().get("retried_read") is None
    assert words(root) == []


def test_statements_of_a_failed_transaction_are_not_stored_with_the_next_one(db, root):
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        add(tx, "of the failed transaction")
        _ = 1 / 0

    with db.transaction() as tx:
        add(tx, "of the next one")

    assert words(root) == ["of the next one"]


@ON_EACH_KIND
def test_a_failed_transaction_releases_its_locks(db, root):
    with db.transaction() as tx:
        add(tx, "locked")
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        tx.execute("UPDATE word SET touched = 1")
        _ = 1 / 0

    query(root, "SET SESSION innodb_lock_wait_timeout = 1")
    query(root, "UPDATE word SET touched = 2")


@ON_EACH_KIND
def test_a_failed_rollback_does_not_hide_the_exception(db, kill):
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        kill(tx)
        _ = 1 / 0

    assert db.statistics()["discarded"] == 1


def test_transactions_lost_at_begin_release_their_slots(url, relay, strategy):
    settings = {
        "db_strategy": strategy,
        "db_pool_size": 2,
        "db_pool_timeout_seconds": 0.3,
        "db_outage_patience_seconds": 0,
    }
    with opened(through(relay, url), **settings) as db:
        for _ in range(MORE_THAN_THE_POOL_HOLDS):
            relay.cut_response_to = b"BEGIN"
            with pytest.raises(ConnectionLost), db.transaction():
                pass
            db.end_request()
        relay.cut_response_to = None

        assert db.fetch_one("SELECT 1 AS one") == {"one": 1}


def test_transactions_lost_at_commit_release_their_slots(url, relay, strategy):
    with opened(
        through(relay, url), db_strategy=strategy, db_pool_size=2, db_pool_timeout_seconds=0.3
    ) as db:
        relay.cut_response_to = b"COMMIT"
        for _ in range(MORE_THAN_THE_POOL_HOLDS):
            with pytest.raises(OutcomeUnknown), db.transaction():
                pass
            db.end_request()

        assert db.fetch_one("SELECT 1 AS one") == {"one": 1}
        assert db.statistics()["discarded"] == MORE_THAN_THE_POOL_HOLDS


@pytest.mark.parametrize("strategy", RELIABLE_STRATEGIES)
def test_connections_that_cannot_be_opened_release_their_slots(url, relay, strategy):
    settings = {"db_pool_timeout_seconds": 0.3, "db_outage_patience_seconds": 0}
    with opened(through(relay, url), db_strategy=strategy, db_pool_size=2, **settings) as db:
        relay.rejects_clients = True
        for _ in range(MORE_THAN_THE_POOL_HOLDS):
            with pytest.raises(DatabaseUnavailable) as caught:
                db.fetch_one("SELECT 1")
            assert not isinstance(caught.value, PoolExhausted)
            db.end_request()
        relay.rejects_clients = False

        assert settles(lambda: is_answered(db), seconds=MAX_DELAY_SECONDS)


@pytest.mark.parametrize("strategy", RELIABLE_STRATEGIES)
def test_a_thread_that_only_writes_recovers_when_the_server_is_back(url, relay, strategy):
    settings = {"db_connect_timeout_seconds": 1, "db_outage_patience_seconds": 0}
    with opened(through(relay, url), db_strategy=strategy, **settings) as db:
        with db.transaction() as tx:
            add(tx, "before")
        relay.rejects_clients = True
        relay.reset()
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable), db.transaction():
                pass
            db.end_request()
        relay.rejects_clients = False

        assert settles(lambda: can_write(db), seconds=MAX_DELAY_SECONDS)


def can_write(db):
    """Return whether a transaction succeeds."""
    try:
        with db.transaction() as tx:
            add(tx, "after")
    except DatabaseUnavailable:
        return False
    finally:
        db.end_request()
    return True


def is_answered(db):
    """Return whether a read succeeds; the circuit breaker of `adaptive` delays it."""
    try:
        return db.fetch_one("SELECT 1 AS one") == {"one": 1}
    except DatabaseUnavailable:
        return False


class Interrupted(BaseException):
    """Like KeyboardInterrupt, or a worker's timeout."""


@contextmanager
def interrupted_after(seconds, error=Interrupted):
    def interrupt(*_):
        raise error

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_connection_interrupted_in_a_statement_is_discarded(url):
    with opened(url, db_strategy="tests.support.own_strategy:Stack") as db:
        with pytest.raises(Interrupted), interrupted_after(0.2):
            db.fetch_one("SELECT SLEEP(2)")

        assert db.statistics()["discarded"] == 1
        assert db.fetch_one("SELECT 1 AS one") == {"one": 1}


def test_an_error_in_release_or_discard_does_not_fail_the_transaction(url, root):
    with opened(url, db_strategy="tests.db.test_outcomes:FailsAtCheckin") as db:
        with db.transaction() as tx:
            add(tx, "stored")
        with pytest.raises(ConnectionLost), db.transaction() as tx:
            kill_all(root, url)
            add(tx, "lost")

    assert words(root) == ["stored"]


class FailsAtCheckin:
    def __init__(self, connect, settings):
        self._connect = connect

    def acquire(self):
        return self._connect()

    def release(self, connection):
        connection.close()
        raise ValueError("not accepted")

    def discard(self, connection):
        connection.abort()
        raise ValueError("not accepted")

    def close(self):
        pass
