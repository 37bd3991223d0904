"""What a lost unit leaves at the server is ended before the next one meets its locks."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from app.db.errors import ConnectionLost, OutcomeUnknown
from tests.db.relay import through
from tests.support.database import add, connection_id, connections_of, opened, query

DRIVERS = ["pymysql", "mysqlclient"]
TOUCH = "UPDATE word SET touched = touched + 1 WHERE word = 'locked'"


@pytest.fixture(params=DRIVERS)
def db(request, url, relay):
    """`adaptive` behind a network that may drop everything, with one word to lock."""
    settings = {"db_tcp_user_timeout_seconds": 0.3, "db_driver": request.param}
    with opened(through(relay, url), **settings) as database:
        with database.transaction() as tx:
            add(tx, "locked")
        yield database


def lose_a_unit(db, relay):
    """Lock a row, lose the connection; the server knows nothing of that. Gives the session's id."""
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        tx.execute(TOUCH)
        orphan = connection_id(tx)
        relay.drop()
        tx.execute(TOUCH)
    return orphan


def test_a_retry_does_not_wait_for_the_locks_of_the_lost_transaction(db, relay, root):
    lose_a_unit(db, relay)

    started = time.monotonic()
    with db.transaction() as tx:
        tx.execute(TOUCH)

    assert time.monotonic() - started < 1
    assert query(root, "SELECT touched FROM word") == ((1,),)
    assert db.statistics()["orphaned_sessions_killed"] == 1


def test_run_transaction_after_a_lost_connection_stores_once(db, relay, root):
    runs = []

    def unit(tx):
        runs.append(1)
        tx.execute(TOUCH)
        if len(runs) == 1:
            relay.drop()
        tx.execute(TOUCH)

    started = time.monotonic()
    db.run_transaction(unit)

    assert time.monotonic() - started < 3
    assert query(root, "SELECT touched FROM word") == ((2,),)


def test_the_session_of_an_unanswered_commit_is_killed_too(db, relay, root):
    with pytest.raises(OutcomeUnknown), db.transaction() as tx:
        tx.execute(TOUCH)
        relay.drop()

    with db.transaction() as tx:
        tx.execute(TOUCH)

    assert query(root, "SELECT touched FROM word") == ((1,),)


def test_a_session_of_another_client_is_not_killed(db, relay, root, url):
    orphan = lose_a_unit(db, relay)
    with opened(url) as stranger:
        innocent = connection_id(stranger)
        # As after a restart: the number is somebody else's by now.
        sessions = db.connections.strategy._orphans._sessions
        sessions[0] = type(sessions[0])(innocent, sessions[0].user, sessions[0].host)
        db.fetch_one("SELECT 1")

        assert {innocent, orphan} <= connections_of(root, url)
        assert connection_id(stranger) == innocent
    query(root, f"KILL {orphan}")


def test_a_lost_read_leaves_no_orphaned_session(db, relay):
    relay.drop()

    assert db.fetch_one("SELECT 1 AS one") == {"one": 1}
    assert "orphaned_sessions_killed" not in db.statistics()


def test_without_orphaned_sessions_a_transaction_sends_no_extra_statement(db, root):
    before = questions(root)
    with db.transaction() as tx:
        tx.execute(TOUCH)

    assert questions(root) - before == 4  # BEGIN, UPDATE, COMMIT, and this question


def questions(root):
    return int(query(root, "SHOW GLOBAL STATUS LIKE 'Questions'")[0][1])


@contextmanager
def slow_to_answer(relay):
    relay.discard_response_to = b"information_schema.processlist WHERE"
    yield
    relay.discard_response_to = None


def test_an_unanswered_search_for_orphaned_sessions_fails_no_request(db, relay, root):
    orphan = lose_a_unit(db, relay)
    with slow_to_answer(relay), ThreadPoolExecutor(2) as pool:
        started = time.monotonic()
        held_up = pool.submit(db.fetch_one, "SELECT 1 AS one")
        time.sleep(0.2)
        assert db.fetch_one("SELECT 2 AS two") == {"two": 2}
        assert time.monotonic() - started < 0.7  # another thread was not held up
        assert held_up.result(timeout=3) == {"one": 1}
    query(root, f"KILL {orphan}")
