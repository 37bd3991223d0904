"""What a client of `adaptive` never notices, or only as a moment's wait: with its defaults."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from app.db.errors import ConnectionLost, DatabaseError
from tests.db.black_hole import drop_incoming_packets
from tests.db.relay import Relay, through
from tests.db.test_concurrency import THREADS, hold_at_once, in_threads, settles
from tests.db.test_sockets import socket_of
from tests.support.database import add, connections_of, opened, query, words
from tests.support.server import start_server


def read(db):
    return db.fetch_one("SELECT 1 AS one")


def unit(db):
    with db.transaction() as tx:
        return read_in(tx)


@pytest.fixture
def db(url, relay):
    """As many idle connections as threads, behind a network that can misbehave."""
    with opened(through(relay, url)) as database:
        hold_at_once(database)
        time.sleep(0.1)  # the last acknowledgments are on their way
        yield database


@pytest.mark.parametrize("work", [read, unit])
@pytest.mark.parametrize("answer", ["reset", "fin"])
def test_connections_closed_at_their_next_packet_fail_no_request(work, answer, db, relay):
    relay.forget(answer)
    assert [work(db) for _ in range(THREADS)] == [{"one": 1}] * THREADS

    hold_at_once(db)
    relay.forget(answer)
    assert in_threads(lambda: work(db)) == [{"one": 1}] * THREADS


@pytest.mark.parametrize("work", [read, unit])
@pytest.mark.parametrize("idle_seconds", [0, 11])
def test_dropped_connections_delay_a_request_by_three_seconds_at_most(work, idle_seconds, db, relay):
    """The kernel gives up unacknowledged data after two; after ten idle ones a ping is sent."""
    for entry in db.connections.strategy._idle:
        entry.checked_in_at -= idle_seconds
    relay.drop()

    started = time.monotonic()
    assert in_threads(lambda: work(db)) == [{"one": 1}] * THREADS
    assert time.monotonic() - started < 3.5
    started = time.monotonic()
    work(db)
    assert time.monotonic() - started < 1


def test_connections_closed_by_keepalive_are_detected_by_the_liveness_check(url, relay):
    with opened(through(relay, url), db_keepalive_seconds=1) as db:
        hold_at_once(db)
        time.sleep(0.1)  # the last acknowledgments are on their way
        relay.drop()
        time.sleep(4)

        started = time.monotonic()
        assert in_threads(lambda: read(db)) == [{"one": 1}] * THREADS
        assert time.monotonic() - started < 1.5
        assert "detected_by_first_use" not in db.statistics()


def test_a_read_whose_response_is_dropped_is_retried(db):
    """Nothing arrives any more, the acknowledgments neither."""
    with socket_of(db.connections.strategy._idle[-1].connection) as raw:
        drop_incoming_packets(raw)

    started = time.monotonic()
    assert read(db) == {"one": 1}
    assert time.monotonic() - started < 5


def test_a_read_without_response_is_retried_after_the_read_timeout(url, relay):
    """The statement was acknowledged: nothing but the read timeout tells it from a slow one."""
    with opened(through(relay, url), db_read_timeout_seconds=1) as db:
        read(db)
        relay.discard_response_to = b"SELECT 1"
        waiting = ThreadPoolExecutor(1).submit(read, db)
        time.sleep(0.3)
        relay.discard_response_to = None

        assert waiting.result(timeout=2) == {"one": 1}


def test_an_insert_that_failed_is_not_delivered_when_the_network_recovers(url, relay, root):
    """No ghost: what was answered as not stored is not stored later."""
    with opened(through(relay, url), db_read_timeout_seconds=0.5) as db:
        with pytest.raises(DatabaseError), db.transaction() as tx:
            relay.drop()
            add(tx, "ghost")
        relay.stop_dropping()
        read(db)
        time.sleep(2)

    assert words(root) == []


def test_a_failover_of_the_address_fails_no_request(db, relay, server):
    with Relay(server.port) as elsewhere:
        relay.target = elsewhere.port
        relay.reset()

        assert in_threads(lambda: unit(db)) == [{"one": 1}] * THREADS
        assert elsewhere.accepted >= 1


@pytest.fixture(scope="module")
def mortal_server():
    with start_server() as running:
        yield running


@contextmanager
def traffic(db):
    """Reads and units, without a pause, until the block ends; gives when each of them succeeded."""
    is_over, successes, failures = Event(), [], []

    def go_on():
        while not is_over.is_set():
            try:
                db.run_transaction(lambda tx: tx.execute("UPDATE word SET touched = touched + 1"))
                read(db)
                successes.append(time.monotonic())
            except DatabaseError as error:
                failures.append(error)
                time.sleep(0.05)

    with ThreadPoolExecutor(THREADS) as pool:
        workers = [pool.submit(go_on) for _ in range(THREADS)]
        try:
            yield successes, failures
        finally:
            is_over.set()
        for worker in workers:
            worker.result()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_requests_succeed_soon_after_a_server_restart(end, mortal_server):
    url = mortal_server.create_database()
    with mortal_server.connect(url) as root:
        query(root, "CREATE TABLE word (touched INT NOT NULL)")
        query(root, "INSERT INTO word VALUES (0)")

    with opened(url) as db, traffic(db) as (successes, failures):
        assert settles(lambda: len(successes) > 20)
        getattr(mortal_server, end)()
        time.sleep(1)
        mortal_server.start()
        back_at = time.monotonic()

        assert settles(lambda: successes and successes[-1] > back_at, seconds=1)

    assert {type(failure).__name__ for failure in failures} <= {
        "DatabaseUnavailable",
        "ConnectionLost",
        "OutcomeUnknown",
    }


def test_a_restart_while_idle_fails_no_request(mortal_server):
    with opened(mortal_server.create_database()) as db:
        hold_at_once(db)
        mortal_server.restart()

        assert in_threads(lambda: unit(db)) == [{"one": 1}] * THREADS
        assert not any(name.startswith("replayed") for name in db.statistics())


def test_one_hung_connection_does_not_slow_down_the_others(db):
    hangs = Event()

    def hang():
        with db.transaction() as tx:
            with socket_of(tx.connection) as raw:
                drop_incoming_packets(raw)
            hangs.set()
            read_in(tx)

    with ThreadPoolExecutor(1) as other:
        hung = other.submit(hang)
        assert hangs.wait(5)
        usual = sorted(timed(lambda: read(db)) for _ in range(200))
        assert not hung.done()
        assert usual[197] < 0.5
        assert isinstance(hung.exception(timeout=10), ConnectionLost)


def read_in(tx):
    return tx.fetch_one("SELECT 1 AS one")


def timed(work):
    started = time.monotonic()
    work()
    return time.monotonic() - started


def test_no_session_is_left_at_the_server_after_these_faults(db, relay, root, url):
    for fault in (relay.forget, relay.reset, relay.freeze):
        fault()
        for entry in db.connections.strategy._idle:
            entry.checked_in_at -= 11
        in_threads(lambda: unit(db))
    db.close()
    relay.reset()

    assert settles(lambda: connections_of(root, url) == set())
