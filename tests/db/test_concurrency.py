"""Connections and threads: exclusive use, bounded waits, and no leaks."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest

from app.db.errors import ConnectionLost, PoolExhausted, StatementRejected
from tests.db.conftest import ON_EACH_KIND, POOLED, RELIABLE_STRATEGIES
from tests.support.database import add, connection_id, connections_of, opened, words

THREADS = 4


def in_threads(work, threads=THREADS):
    """Run `work` in several threads; returns their results, or raises the first exception."""
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(threads)]]


def request(db):
    """Run a query in a request of its own."""
    try:
        return db.fetch_one("SELECT 1 AS one")
    finally:
        db.end_request()


def hold_at_once(db, threads=THREADS):
    """Return the connection ids of transactions that were open at the same time."""
    all_open = Barrier(threads, timeout=30)

    def hold():
        try:
            with db.transaction() as tx:
                held = connection_id(tx)
                all_open.wait()
                assert connection_id(tx) == held
            return held
        finally:
            db.end_request()

    return in_threads(hold, threads)


def test_nothing_is_connected_before_the_first_use(db, root, url):
    assert settles(lambda: connections_of(root, url) == set())
    assert db.statistics()["opened"] == 0


def test_two_threads_never_share_a_connection(db):
    assert len(set(hold_at_once(db))) == THREADS


@pytest.mark.parametrize("strategy", POOLED)
def test_the_wait_for_a_connection_is_bounded(strategy, url):
    with (
        opened(url, db_strategy=strategy, db_pool_size=1, db_pool_timeout_seconds=0.2) as db,
        ThreadPoolExecutor(1) as other,
    ):
        with db.transaction():
            waiting = other.submit(request, db)
            with pytest.raises(PoolExhausted):
                waiting.result(timeout=20)
        db.end_request()

        assert other.submit(request, db).result(timeout=20) == {"one": 1}


@pytest.mark.parametrize("strategy", POOLED)
def test_a_waiting_thread_gets_the_connection_that_is_checked_in(strategy, url):
    with opened(url, db_strategy=strategy, db_pool_size=1) as db, ThreadPoolExecutor(1) as other:
        with db.transaction():
            waiting = other.submit(request, db)
        db.end_request()

        assert waiting.result(timeout=20) == {"one": 1}


def test_no_connection_leaks_after_many_failures(db, root, url, kill):
    def fail(number):
        with db.transaction() as tx:
            add(tx, f"failure {number}")
            if number % 2:
                kill(tx)
            tx.execute("SELECT nonsense")

    for number in range(20):
        with pytest.raises(Exception, match=r"nonsense|2013|2006|Lost"):
            fail(number)
        db.end_request()

    assert len(set(hold_at_once(db))) == THREADS
    assert settles(lambda: len(connections_of(root, url)) <= THREADS + 1)


def test_close_lets_transactions_finish_and_closes_all_connections(db, root, url):
    is_open, may_continue = Event(), Event()

    def write():
        with db.transaction() as tx:
            is_open.set()
            assert may_continue.wait(30)
            add(tx, "finished after close")
        db.end_request()

    with ThreadPoolExecutor(1) as other:
        db.fetch_one("SELECT 1")
        db.end_request()
        running = other.submit(write)
        assert is_open.wait(30)
        db.close()
        may_continue.set()
        running.result(timeout=30)

        assert words(root) == ["finished after close"]
        assert settles(lambda: connections_of(root, url) == set())


@ON_EACH_KIND
def test_a_closed_database_raises_an_error_that_says_so(db):
    db.close()

    with pytest.raises(Exception, match="was closed"):
        db.fetch_one("SELECT 1")


def test_a_rejected_statement_does_not_cost_the_connection(db, strategy):
    db.fetch_one("SELECT 1")
    opened_before = db.statistics()["opened"]
    with pytest.raises(StatementRejected, match="nonsense"):
        db.fetch_one("SELECT nonsense")

    assert (db.statistics()["opened"] > opened_before) == (strategy == "per_query")


def test_a_loss_is_counted(db, kill):
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        kill(tx)
        add(tx, "lost")

    assert db.statistics()["discarded"] == 1


def settles(condition, seconds=20):
    """Wait until a condition is true, such as the server having noticed a disconnect.

    Returns whether it became true in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("strategy", RELIABLE_STRATEGIES)
def test_connections_of_ended_threads_are_closed(strategy, url, root):
    """Like the threads of `flask run`, one per request."""

    def request():
        db.fetch_one("SELECT 1")
        db.end_request()

    with opened(url, db_strategy=strategy) as db:
        for _ in range(12):
            thread = Thread(target=request)
            thread.start()
            thread.join()
        gc.collect()

        assert settles(lambda: len(connections_of(root, url)) <= 2)
