"""`adaptive` with its defaults: faults that fail no request, and delay one by seconds at most."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from app.db import commit_tokens
from app.db.errors import ConnectionLost, DatabaseError
from tests.db.black_hole import drop_incoming_packets
from tests.db.pool import (
    MAX_DELAY_SECONDS,
    idle_entries,
    last_used,
    make_idle,
    socket_of,
    wait_until_readable,
)
from tests.db.relay import Relay, through
from tests.db.test_concurrency import THREADS, hold_at_once, in_threads, settles
from tests.support.database import add, connections_of, opened, query, words
from tests.support.server import start_server


def read(db):
    return db.fetch_one("SELECT 1 AS one")


def transaction(db):
    with db.transaction() as tx:
        return read_in(tx)


@pytest.fixture
def db(url, relay):
    """As many idle connections as threads, through the relay."""
    with opened(through(relay, url)) as database:
        hold_at_once(database)
        time.sleep(0.1)  # until the last segments are acknowledged
        yield database


@pytest.mark.parametrize("work", [read, transaction])
@pytest.mark.parametrize("answer", ["reset", "fin"])
def test_connections_closed_at_their_next_packet_fail_no_request(work, answer, db, relay):
    relay.forget(answer)
    assert [work(db) for _ in range(THREADS)] == [{"one": 1}] * THREADS

    hold_at_once(db)
    relay.forget(answer)
    assert in_threads(lambda: work(db)) == [{"one": 1}] * THREADS


@pytest.mark.parametrize("work", [read, transaction])
@pytest.mark.parametrize("idle_seconds", [0, 11])
def test_dropped_connections_delay_a_request_by_three_seconds_at_most(
    work, idle_seconds, db, relay
):
    """TCP_USER_TIMEOUT is 2 s; after 10 idle seconds a ping is sent, with a timeout of 1 s."""
    make_idle(db, idle_seconds)
    relay.drop()

    started = time.monotonic()
    assert in_threads(lambda: work(db)) == [{"one": 1}] * THREADS
    assert time.monotonic() - started < 3 + MAX_DELAY_SECONDS
    before = disconnects(db)
    work(db)
    assert disconnects(db) == before


def disconnects(db):
    return sum(n for name, n in db.statistics().items() if name.startswith("closed_"))


def test_connections_closed_by_keepalive_are_detected_by_the_liveness_check(url, relay):
    with opened(through(relay, url), db_keepalive_seconds=1) as db:
        hold_at_once(db)
        time.sleep(0.1)  # until the last segments are acknowledged
        relay.drop()
        for entry in idle_entries(db):
            wait_until_readable(entry.connection)

        assert in_threads(lambda: read(db)) == [{"one": 1}] * THREADS
        assert "detected_by_first_use" not in db.statistics()


def test_a_read_whose_response_is_dropped_is_retried(db):
    """No packet of the server arrives any more, and no acknowledgment."""
    with socket_of(last_used(db).connection) as raw:
        drop_incoming_packets(raw)

    started = time.monotonic()
    assert read(db) == {"one": 1}
    assert time.monotonic() - started < 2 + MAX_DELAY_SECONDS


def test_a_read_without_response_is_retried_after_the_read_timeout(url, relay):
    """The statement was acknowledged: only the read timeout distinguishes this from a slow one."""
    with opened(through(relay, url), db_read_timeout_seconds=1) as db:
        read(db)
        relay.discard_response_to = b"1 AS one"
        with ThreadPoolExecutor(1) as other:
            waiting = other.submit(read, db)
            assert settles(lambda: relay.connections[0].discards_responses)
            relay.discard_response_to = None

            assert waiting.result(timeout=20) == {"one": 1}


def test_an_insert_that_failed_is_not_delivered_when_the_network_recovers(url, relay, root):
    """A transaction that was reported as not stored is not stored later.

    `adaptive` would also kill its session.
    """
    with opened(through(relay, url), db_read_timeout_seconds=0.5, db_strategy="timed") as db:
        with pytest.raises(DatabaseError), db.transaction() as tx:
            relay.drop()
            add(tx, "late")
        relay.stop_dropping()
        read(db)
        time.sleep(2)

    assert words(root) == []


def test_a_failover_of_the_address_fails_no_request(db, relay, server):
    with Relay(server.port) as elsewhere:
        relay.target = elsewhere.port
        relay.reset()

        assert in_threads(lambda: transaction(db)) == [{"one": 1}] * THREADS
        assert elsewhere.accepted >= 1


@pytest.fixture(scope="module")
def mortal_server():
    with start_server() as running:
        yield running


@contextmanager
def traffic(db):
    """Read and write in all threads; yields the moments of success, and the errors."""
    is_stopped, successes, failures = Event(), [], []

    def read_and_write():
        while not is_stopped.is_set():
            try:
                db.run_transaction(lambda tx: tx.execute("UPDATE word SET touched = touched + 1"))
                read(db)
                successes.append(time.monotonic())
            except DatabaseError as error:
                failures.append(error)
                time.sleep(0.05)

    with ThreadPoolExecutor(THREADS) as pool:
        workers = [pool.submit(read_and_write) for _ in range(THREADS)]
        try:
            yield successes, failures
        finally:
            is_stopped.set()
        for worker in workers:
            worker.result()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_under_load_fails_no_request(end, mortal_server):
    url = mortal_server.create_database()
    with mortal_server.connect(url) as root:
        query(root, "CREATE TABLE word (touched INT NOT NULL)")
        query(root, "INSERT INTO word VALUES (0)")
        query(root, commit_tokens.DDL)

    # MySQL takes longer than the default patience to start.
    settings = {"db_outage_patience_seconds": 60, "db_connect_timeout_seconds": 60}
    with opened(url, **settings) as db, traffic(db) as (successes, failures):
        assert settles(lambda: len(successes) > 20)
        getattr(mortal_server, end)()
        time.sleep(1)
        mortal_server.start()
        back_at = time.monotonic()

        assert settles(lambda: successes and successes[-1] > back_at, seconds=MAX_DELAY_SECONDS)

    assert failures == []


def test_a_restart_while_idle_fails_no_request(mortal_server):
    with opened(mortal_server.create_database()) as db:
        hold_at_once(db)
        mortal_server.restart()

        assert in_threads(lambda: transaction(db)) == [{"one": 1}] * THREADS
        assert not any(name.startswith("retried") for name in db.statistics())


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
        assert hangs.wait(20)
        for _ in range(20):
            read(db)
        assert not hung.done()  # for two seconds
        assert isinstance(hung.exception(timeout=20), ConnectionLost)


def read_in(tx):
    return tx.fetch_one("SELECT 1 AS one")


def test_no_session_is_left_at_the_server_after_these_faults(db, relay, root, url):
    for fault in (relay.forget, relay.reset, relay.freeze):
        fault()
        make_idle(db, 11)
        in_threads(lambda: transaction(db))
    db.close()
    relay.reset()

    assert settles(lambda: connections_of(root, url) == set())
