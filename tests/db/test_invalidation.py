"""How one connection of `adaptive` ended decides what else is not lent any more."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app.db.errors import ConnectionLost, ReadOnlyServer
from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once, settles
from tests.db.test_sockets import socket_of
from tests.support.database import add, connection_id, opened, query
from tests.support.server import start_server

HELD = 4


@pytest.fixture
def db(url, relay):
    """Four idle connections, behind a network that can misbehave."""
    with opened(through(relay, url), db_tcp_user_timeout_seconds=0.5) as database:
        hold_at_once(database, threads=HELD)
        yield database


def farewell(code, words):
    """An error packet that nobody asked for: its sequence number is 0."""
    payload = b"\xff" + code.to_bytes(2, "little") + b"#08S01" + words.encode()
    return len(payload).to_bytes(3, "little") + b"\0" + payload


def idle_ids(db):
    return {entry.session.connection_id for entry in db.connections.strategy._idle}


def last_of(db):
    return db.connections.strategy._idle[-1].session.connection_id


def test_a_killed_idle_connection_invalidates_no_other(db, root):
    others = idle_ids(db) - {last_of(db)}
    top = db.connections.strategy._idle[-1].connection
    query(root, f"KILL {last_of(db)}")
    assert settles(top.transport.check_liveness)
    db.fetch_one("SELECT 1")

    assert others <= idle_ids(db) | {connection_id(db)}
    assert db.statistics()["closed_fin"] == 1


def test_a_connection_killed_in_a_transaction_invalidates_no_other(db, kill):
    others = idle_ids(db) - {last_of(db)}
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        kill(tx)
        tx.execute("SELECT 1")

    assert idle_ids(db) == others


def test_a_timed_out_statement_invalidates_the_whole_pool(db, relay):
    before = idle_ids(db)
    relay.drop()

    started = time.monotonic()
    hold_at_once(db, threads=HELD)

    assert time.monotonic() - started < 2
    assert not before & idle_ids(db)
    assert not any(name == "retried_transaction" for name in db.statistics())


def test_after_a_timed_out_read_the_next_reads_are_not_delayed(db, relay):
    relay.drop()
    db.fetch_one("SELECT 1")

    started = time.monotonic()
    for _ in range(HELD):
        db.fetch_one("SELECT 1")
    assert time.monotonic() - started < 1


def test_a_connection_of_an_old_epoch_is_closed_at_checkin(db, relay):
    with db.transaction() as tx:
        held = connection_id(tx)
        db.connections.strategy._epoch += 1
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
    top = db.connections.strategy._idle[-1].connection
    with socket_of(top) as raw:
        relay.send_to_client(farewell(1053, "Server shutdown in progress"), raw.getsockname()[1])
    assert settles(top.transport.check_liveness)

    assert connection_id(db) not in before
    assert db.statistics()["server_error_1053"] == 1
    assert db.statistics()["closed_epoch"] == HELD - 1


@pytest.fixture(scope="module")
def failing_over():
    """A server that an administrator can make a replica of."""
    with start_server() as running:
        url = running.create_database()
        with closing(running.connect(url)) as root:
            query(root, "CREATE TABLE word (word VARCHAR(50) NOT NULL)")
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
            add(tx, "refused")

        assert connection_id(db) not in before
        assert db.statistics()["closed_read_only"] == 1


def test_a_new_connection_to_a_read_only_server_invalidates_only_itself(primary):
    """The reads of a server that takes no writes for long are not to pay for each write."""
    url, root = primary
    query(root, "SET GLOBAL read_only = 1")
    with opened(url) as db:
        for _ in range(3):
            with db.transaction(), pytest.raises(ReadOnlyServer):
                write_on_a_new_one(db)
        assert db.connections.strategy._epoch == 0


def write_on_a_new_one(db):
    def write():
        with db.transaction() as tx:
            add(tx, "refused")

    with ThreadPoolExecutor(1) as other:
        other.submit(write).result(timeout=5)


def test_run_transaction_waits_for_a_failover_to_end(primary):
    url, root = primary
    runs = []

    def unit(tx):
        runs.append(1)
        if len(runs) == 3:
            query(root, "SET GLOBAL read_only = 0")
        add(tx, f"run {len(runs)}")

    with opened(url) as db:
        query(root, "SET GLOBAL read_only = 1")
        db.run_transaction(unit)

    assert query(root, "SELECT word FROM word") in [(("run 3",),), (("run 4",),)]


def test_run_transaction_waits_only_some_seconds_for_a_writable_server(primary):
    url, root = primary
    query(root, "SET GLOBAL read_only = 1")
    with opened(url) as db:
        started = time.monotonic()
        with pytest.raises(ReadOnlyServer):
            db.run_transaction(lambda tx: add(tx, "refused"))

        assert 2 < time.monotonic() - started < 5
