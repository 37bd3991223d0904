"""`adaptive`: the liveness check, pings, maximum ages, and how long they can delay a caller."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.db.pool import MAX_DELAY_SECONDS, idle_entries, last_used, make_idle
from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once
from tests.support.database import add, connection_id, opened, query, words

LONG_IDLE_SECONDS = 11  # DB_PING_AFTER_IDLE_SECONDS is 10


@contextmanager
def adaptive(url, **settings):
    with opened(url, db_strategy="adaptive", **settings) as db:
        yield db


def retries(db):
    return {name for name in db.statistics() if name.startswith("retried_")}


def test_an_idle_connection_is_closed_before_the_server_s_wait_timeout(url, root):
    ((wait_timeout,),) = query(root, "SELECT @@GLOBAL.wait_timeout")
    with adaptive(url) as db:
        before = connection_id(db)
        make_idle(db, wait_timeout - 29)  # the margin is 30 seconds
        last_used(db).expires_at += wait_timeout

        assert connection_id(db) != before
        assert db.statistics()["closed_age"] == 1
        assert not retries(db)


def test_an_idle_connection_is_closed_before_the_proxy_idle_limit(url):
    with adaptive(url, db_proxy_idle_limit_seconds=60, db_keepalive_seconds=1) as db:
        before = connection_id(db)
        make_idle(db, 55)  # the margin is a tenth

        assert connection_id(db) != before
        assert db.statistics()["closed_age"] == 1


def test_a_connection_in_steady_use_is_replaced_at_its_recycle_age(url):
    with adaptive(url, db_recycle_seconds=100) as db:
        before = connection_id(db)
        assert connection_id(db) == before
        last_used(db).expires_at -= 100

        assert connection_id(db) != before
        assert db.statistics()["closed_age"] == 1


def test_recycle_seconds_0_means_no_maximum_age(url):
    with adaptive(url, db_recycle_seconds=0) as db:
        before = connection_id(db)

        assert last_used(db).expires_at == float("inf")
        assert connection_id(db) == before


def test_connections_opened_together_are_not_replaced_together(url):
    with adaptive(url, db_recycle_seconds=1000) as db:
        hold_at_once(db, threads=8)

        ages = [entry.expires_at - entry.connection.opened_at for entry in idle_entries(db)]
        assert len(set(ages)) == 8
        assert 900 <= min(ages) < max(ages) <= 1000


def test_a_read_after_a_long_pause_is_preceded_by_a_ping(url):
    with adaptive(url) as db:
        db.fetch_one("SELECT 1")
        make_idle(db, LONG_IDLE_SECONDS)
        db.fetch_one("SELECT 2")
        db.fetch_one("SELECT 3")

        assert db.statistics()["pinged"] == 1


def test_a_transaction_after_a_long_pause_sends_no_ping(url):
    with adaptive(url) as db:
        db.fetch_one("SELECT 1")
        make_idle(db, LONG_IDLE_SECONDS)
        with db.transaction() as tx:
            add(tx, "verified by its BEGIN")

        assert "pinged" not in db.statistics()
        assert db.statistics()["opened"] == 1


def test_a_read_on_a_dropped_tcp_connection_is_retried_after_the_ping_timeout(url, relay):
    with adaptive(through(relay, url)) as db:
        db.fetch_one("SELECT 1")
        make_idle(db, LONG_IDLE_SECONDS)
        relay.freeze()

        started = time.monotonic()
        assert db.fetch_one("SELECT 2 AS two") == {"two": 2}
        assert time.monotonic() - started < MAX_DELAY_SECONDS
        assert db.statistics()["closed_ping"] == 1


def test_a_begin_on_a_dropped_tcp_connection_is_retried_after_the_ping_timeout(url, relay, root):
    with adaptive(through(relay, url)) as db:
        db.fetch_one("SELECT 1")
        make_idle(db, LONG_IDLE_SECONDS)
        relay.freeze()

        started = time.monotonic()
        with db.transaction() as tx:
            add(tx, "stored")
        assert time.monotonic() - started < MAX_DELAY_SECONDS
        assert db.statistics()["retried_begin"] == 1

    assert words(root) == ["stored"]


def test_the_ping_timeout_does_not_apply_to_the_statement_after_the_ping(url):
    with adaptive(url) as db:
        db.fetch_one("SELECT 1")
        make_idle(db, LONG_IDLE_SECONDS)

        assert db.fetch_one("SELECT SLEEP(1.2) AS slept") == {"slept": 0}
        assert db.statistics()["opened"] == 1


def test_the_ping_timeout_does_not_apply_to_the_statement_after_begin(url):
    with adaptive(url) as db:
        db.fetch_one("SELECT 1")
        make_idle(db, LONG_IDLE_SECONDS)

        with db.transaction() as tx:
            assert tx.fetch_one("SELECT SLEEP(1.2) AS slept") == {"slept": 0}


def test_the_most_recently_used_connection_is_checked_out_first(url):
    with adaptive(url) as db:
        hold_at_once(db)
        last = last_used(db).session.connection_id

        assert {connection_id(db) for _ in range(8)} == {last}


def test_a_thread_waiting_for_a_ping_does_not_block_other_threads(url, relay):
    """Nothing is sent or awaited under a lock."""
    with adaptive(through(relay, url)) as db, ThreadPoolExecutor(1) as pool:
        db.fetch_one("SELECT 1")
        make_idle(db, LONG_IDLE_SECONDS)
        relay.freeze()
        waiting = pool.submit(db.fetch_one, "SELECT 'slow' AS word")
        time.sleep(0.1)

        assert db.fetch_one("SELECT 'fast' AS word") == {"word": "fast"}
        assert not waiting.done()  # for a second
        assert waiting.result(timeout=20) == {"word": "slow"}


@pytest.mark.parametrize("connections", [1, 4])
def test_a_transaction_begins_when_a_firewall_dropped_all_idle_connections(connections, url, relay):
    with adaptive(through(relay, url)) as db:
        hold_at_once(db, threads=connections)
        make_idle(db, LONG_IDLE_SECONDS)
        relay.freeze()

        with db.transaction() as tx:
            add(tx, "stored")


def test_one_ping_timeout_invalidates_all_dropped_connections(url, relay):
    with adaptive(through(relay, url)) as db:
        hold_at_once(db, threads=4)
        make_idle(db, LONG_IDLE_SECONDS)
        relay.freeze()

        db.fetch_one("SELECT 1")
        assert db.statistics()["pinged"] == 1
        assert db.statistics()["closed_ping"] == 4
