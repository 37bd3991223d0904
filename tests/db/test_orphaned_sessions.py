"""Sessions of lost transactions are killed before the next transaction waits for their locks."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.db.errors import ConnectionLost, OutcomeUnknown
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.relay import through
from tests.support.counting import statements
from tests.support.database import add, connection_id, connections_of, opened, query

DRIVERS = ["pymysql", "mysqlclient"]
TOUCH = "UPDATE word SET touched = touched + 1 WHERE word = 'locked'"


@pytest.fixture(params=DRIVERS)
def db(request, url, relay):
    """`adaptive` through the relay, with one word to lock; a wait for its lock takes 30 seconds."""
    settings = {
        "db_tcp_user_timeout_seconds": 0.3,
        "db_lock_timeout_seconds": 30,
        "db_driver": request.param,
    }
    with opened(through(relay, url), **settings) as database:
        with database.transaction() as tx:
            add(tx, "locked")
        yield database


def lose_transaction(db, relay):
    """Lose the connection of a transaction that holds a lock, unnoticed by the server.

    Returns the id of the session.
    """
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        tx.execute(TOUCH)
        orphan = connection_id(tx)
        relay.drop()
        tx.execute(TOUCH)
    return orphan


def test_a_retry_does_not_wait_for_the_locks_of_the_lost_transaction(db, relay, root):
    lose_transaction(db, relay)

    started = time.monotonic()
    with db.transaction() as tx:
        tx.execute(TOUCH)

    assert time.monotonic() - started < MAX_DELAY_SECONDS
    assert query(root, "SELECT touched FROM word") == ((1,),)
    assert db.statistics()["orphaned_sessions_killed"] == 1


def test_run_transaction_after_a_lost_connection_stores_once(db, relay, root):
    runs = []

    def write(tx):
        runs.append(1)
        tx.execute(TOUCH)
        if len(runs) == 1:
            relay.drop()
        tx.execute(TOUCH)

    started = time.monotonic()
    db.run_transaction(write)

    assert time.monotonic() - started < MAX_DELAY_SECONDS
    assert query(root, "SELECT touched FROM word") == ((2,),)


def test_the_session_of_an_unanswered_commit_is_killed_too(db, relay, root):
    with pytest.raises(OutcomeUnknown), db.transaction() as tx:
        tx.execute(TOUCH)
        relay.drop()

    with db.transaction() as tx:
        tx.execute(TOUCH)

    assert query(root, "SELECT touched FROM word") == ((1,),)


def test_a_session_with_another_host_is_not_killed(db, relay, root, url):
    """The id belongs to another client, as it may after a restart."""
    orphan = lose_transaction(db, relay)
    with opened(url) as other_client:
        other_id = connection_id(other_client)
        sessions = db.connections.strategy._orphans._sessions
        lost = sessions.pop()
        session = replace(lost.session, connection_id=other_id)
        sessions.append(lost._replace(session=session))
        db.fetch_one("SELECT 1")

        assert {other_id, orphan} <= connections_of(root, url)
        assert connection_id(other_client) == other_id
    query(root, f"KILL {orphan}")


def test_a_lost_read_leaves_no_orphaned_session(db, relay):
    relay.drop()

    assert db.fetch_one("SELECT 1 AS one") == {"one": 1}
    assert "orphaned_sessions_killed" not in db.statistics()


def test_without_orphaned_sessions_a_transaction_sends_no_extra_statement(db, server):
    def write():
        with db.transaction() as tx:
            tx.execute(TOUCH)

    assert statements(server, write) == 3  # BEGIN, UPDATE, COMMIT


def test_a_search_that_loses_its_connection_is_repeated(db, relay, root):
    lose_transaction(db, relay)
    relay.faults_in_turn = [(b"Uptime", "cut response")]

    started = time.monotonic()
    with db.transaction() as tx:
        tx.execute(TOUCH)

    assert time.monotonic() - started < MAX_DELAY_SECONDS
    assert relay.faults_in_turn == []
    assert db.statistics()["orphaned_sessions_killed"] == 1


@contextmanager
def unanswered_search(relay):
    """Deliver no response to the first query of the search for the orphaned session."""
    relay.discard_response_to = b"Uptime"
    yield
    relay.discard_response_to = None


def test_an_unanswered_search_for_orphaned_sessions_fails_no_request(db, relay, root):
    orphan = lose_transaction(db, relay)
    with unanswered_search(relay), ThreadPoolExecutor(1) as pool:
        delayed = pool.submit(db.fetch_one, "SELECT 1 AS one")
        time.sleep(0.2)
        assert db.fetch_one("SELECT 2 AS two") == {"two": 2}
        assert not delayed.done()  # for a second: other threads do not wait for it
        assert delayed.result(timeout=20) == {"one": 1}
    query(root, f"KILL {orphan}")
