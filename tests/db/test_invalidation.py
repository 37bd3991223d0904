"""`adaptive`: how one connection was lost decides which others are invalidated."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app.db import commit_tokens
from app.db.errors import ConnectionLost, OutcomeUnknown, ReadOnlyServer
from app.db.url import DatabaseUrl
from tests.db.pool import (
    MAX_DELAY_SECONDS,
    idle_ids,
    last_used,
    socket_of,
    wait_until_readable,
)
from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once, settles
from tests.support.database import add, connection_id, opened, query
from tests.support.server import start_server

HELD = 4


@pytest.fixture
def db(url, relay):
    """Four idle connections, through the relay."""
    with opened(through(relay, url), db_tcp_user_timeout_seconds=0.5) as database:
        hold_at_once(database, threads=HELD)
        yield database


def server_error_packet(code, message):
    """Return an unsolicited error packet: its sequence number is 0."""
    payload = b"\xff" + code.to_bytes(2, "little") + b"#08S01" + message.encode()
    return len(payload).to_bytes(3, "little") + b"\0" + payload


def test_a_killed_idle_connection_invalidates_no_other(db, root):
    victim = last_used(db)
    others = idle_ids(db) - {victim.session.connection_id}
    query(root, f"KILL {victim.session.connection_id}")
    wait_until_readable(victim.connection)
    db.fetch_one("SELECT 1")

    assert others <= idle_ids(db) | {connection_id(db)}
    assert db.statistics()["closed_fin"] == 1


def test_a_connection_killed_in_a_transaction_invalidates_no_other(db, kill):
    others = idle_ids(db) - {last_used(db).session.connection_id}
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        kill(tx)
        tx.execute("SELECT 1")

    assert idle_ids(db) == others


def test_a_timed_out_statement_invalidates_the_whole_pool(db, relay):
    before = idle_ids(db)
    relay.drop()

    started = time.monotonic()
    hold_at_once(db, threads=HELD)

    assert time.monotonic() - started < MAX_DELAY_SECONDS
    assert not before & idle_ids(db)
    assert "retried_transaction" not in db.statistics()


def test_after_a_timed_out_read_the_next_reads_are_not_delayed(db, relay):
    relay.drop()
    db.fetch_one("SELECT 1")

    for _ in range(HELD):
        db.fetch_one("SELECT 1")
    assert db.statistics()["closed_timed_out"] == 1
    assert db.statistics()["detected_by_first_use"] == 1


def test_a_connection_of_an_old_epoch_is_closed_at_checkin(db, relay):
    with db.transaction() as tx:
        held = connection_id(tx)
        db.connections.strategy._idle.epoch += 1
        assert connection_id(tx) == held

    assert held not in idle_ids(db)
    assert connection_id(db) != held


def test_the_first_reset_invalidates_the_other_dropped_connections(db, relay):
    relay.forget()
    for _ in range(HELD):
        db.fetch_one("SELECT 1")

    assert db.statistics()["detected_by_first_use"] == 1
    assert db.statistics()["closed_reset"] == HELD
    assert "detected_by_ping" not in db.statistics()


def test_a_server_shutdown_invalidates_the_whole_pool(db, relay):
    before = idle_ids(db)
    connection = last_used(db).connection
    packet = server_error_packet(1053, "Server shutdown in progress")
    with socket_of(connection) as raw:
        relay.send_to_client(packet, raw.getsockname()[1])
    wait_until_readable(connection)

    assert connection_id(db) not in before
    assert db.statistics()["server_error_1053"] == 1
    assert db.statistics()["closed_epoch"] == HELD - 1


@pytest.fixture(scope="module")
def failing_over():
    """The URL of a server that a test can make read-only, and its administrator's connection."""
    with start_server() as running:
        url = running.create_database()
        with closing(running.connect(url)) as root:
            query(root, "CREATE TABLE word (word VARCHAR(50) NOT NULL)")
            query(root, commit_tokens.DDL)
            yield url, root


@pytest.fixture
def primary(failing_over):
    _, root = failing_over
    query(root, "DELETE FROM word")
    yield failing_over
    query(root, "SET GLOBAL read_only = 0")


def test_a_server_that_became_read_only_invalidates_the_whole_pool(primary):
    url, root = primary
    with opened(url) as db:
        hold_at_once(db, threads=HELD)
        before = idle_ids(db)
        query(root, "SET GLOBAL read_only = 1")
        with pytest.raises(ReadOnlyServer), db.transaction() as tx:
            add(tx, "rejected")

        assert connection_id(db) not in before
        assert db.statistics()["closed_read_only"] == 1


def test_a_new_connection_to_a_read_only_server_invalidates_only_itself(primary):
    """Otherwise each rejected write would close the connections of the reads."""
    url, root = primary
    query(root, "SET GLOBAL read_only = 1")
    with opened(url) as db:
        for _ in range(3):
            with db.transaction(), pytest.raises(ReadOnlyServer):
                write_on_a_new_connection(db)
        assert db.connections.strategy._idle.epoch == 0


def write_on_a_new_connection(db):
    def write():
        with db.transaction() as tx:
            add(tx, "rejected")

    with ThreadPoolExecutor(1) as other:
        other.submit(write).result(timeout=20)


def test_run_transaction_waits_for_a_failover_to_end(primary):
    url, root = primary
    runs = []

    def write(tx):
        runs.append(1)
        if len(runs) == 3:
            query(root, "SET GLOBAL read_only = 0")
        add(tx, f"run {len(runs)}")

    with opened(url) as db:
        query(root, "SET GLOBAL read_only = 1")
        db.run_transaction(write)

    assert query(root, "SELECT word FROM word") in [(("run 3",),), (("run 4",),)]


def test_run_transaction_waits_only_some_seconds_for_a_writable_server(primary):
    url, root = primary
    query(root, "SET GLOBAL read_only = 1")
    with opened(url) as db:
        started = time.monotonic()
        with pytest.raises(ReadOnlyServer):
            db.run_transaction(lambda tx: add(tx, "rejected"))

        assert 2 < time.monotonic() - started < 3 + MAX_DELAY_SECONDS


@pytest.fixture(params=["pymysql", "mysqlclient"])
def losing_commit(request, primary, relay):
    """A function that loses the COMMIT of a transaction to a server that becomes read-only then.

    It returns the results of the runs, and what `run_transaction` returned or raised.
    """
    url, root = primary
    relay.target = DatabaseUrl.parse(url).port
    relay.faults_in_turn = [(b"COMMIT", "lose")]
    runs = []

    def write(tx):
        runs.append(1)
        add(tx, f"run {len(runs)}")
        relay.rejects_clients = len(runs) == 1
        return len(runs)

    def lose_commit(patience_seconds, then):
        settings = {"db_outage_patience_seconds": patience_seconds, "db_driver": request.param}
        with opened(through(relay, url), **settings) as db, ThreadPoolExecutor(1) as pool:
            result = pool.submit(db.run_transaction, write)
            assert settles(lambda: not relay.faults_in_turn)
            query(root, "SET GLOBAL read_only = 1")
            relay.rejects_clients = False
            then(db)
            return result.exception(timeout=60) or result.result()

    return lose_commit


def test_a_read_only_server_does_not_tell_the_outcome(losing_commit, primary):
    """It may be a replica that has not received the transaction yet."""
    outcome = losing_commit(2, lambda db: None)

    assert isinstance(outcome, OutcomeUnknown)
    assert query(primary[1], "SELECT word FROM word") == ()


def test_a_lookup_waits_for_a_failover_to_end(losing_commit, primary):
    _, root = primary

    def end_failover(db):
        assert settles(lambda: db.statistics().get("closed_read_only"))
        query(root, "SET GLOBAL read_only = 0")

    assert losing_commit(30, end_failover) == 2
    assert query(root, "SELECT word FROM word") == (("run 2",),)
