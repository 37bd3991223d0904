"""`adaptive` alone: what it asks of a connection before it lends it, and how long it waits."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once
from tests.support.database import add, connection_id, opened, words
from tests.support.server import start_server


@pytest.fixture(scope="module")
def short_server():
    """A server that hangs up after two idle seconds."""
    with start_server(wait_timeout=2) as running:
        yield running


@contextmanager
def adaptive(url, **settings):
    with opened(url, db_strategy="adaptive", **settings) as db:
        yield db


def test_an_idle_connection_is_retired_before_the_server_hangs_up(short_server):
    with adaptive(short_server.create_database()) as db:
        before = connection_id(db)
        time.sleep(1.2)

        after = connection_id(db)

        assert after != before
        assert db.statistics()["closed_age"] == 1
        assert not any(name.startswith("replayed") for name in db.statistics())


def test_an_idle_connection_is_retired_before_a_proxy_drops_it(url):
    with adaptive(url, db_proxy_idle_limit_seconds=2, db_keepalive_seconds=1) as db:
        before = connection_id(db)
        time.sleep(1.2)

        assert connection_id(db) != before
        assert db.statistics()["closed_age"] == 1


def test_a_connection_in_steady_use_is_replaced_by_age(url):
    with adaptive(url, db_recycle_seconds=0.5) as db:
        before = connection_id(db)
        assert connection_id(db) == before
        time.sleep(0.6)

        assert connection_id(db) != before
        assert db.statistics()["closed_age"] == 1


def test_no_age_is_too_old_where_recycling_is_off(url):
    with adaptive(url, db_recycle_seconds=0) as db:
        assert connection_id(db) == connection_id(db)


def test_connections_opened_together_are_not_replaced_together(url):
    with adaptive(url, db_recycle_seconds=1000) as db:
        hold_at_once(db, threads=8)

        lives = [
            entry.expires_at - entry.connection.opened_at for entry in db.connections.strategy._idle
        ]
        assert len(set(lives)) == 8
        assert 900 <= min(lives) < max(lives) <= 1000


def test_a_read_after_a_long_pause_is_preceded_by_a_ping(url):
    with adaptive(url, db_ping_after_idle_seconds=0.2) as db:
        db.fetch_one("SELECT 1")
        time.sleep(0.3)
        db.fetch_one("SELECT 2")
        db.fetch_one("SELECT 3")

        assert db.statistics()["pinged"] == 1


def test_a_unit_after_a_long_pause_needs_no_ping(url):
    with adaptive(url, db_ping_after_idle_seconds=0.2) as db:
        db.fetch_one("SELECT 1")
        time.sleep(0.3)
        with db.transaction() as tx:
            add(tx, "asked by its BEGIN")

        assert "pinged" not in db.statistics()
        assert db.statistics()["opened"] == 1


def test_a_forgotten_flow_costs_a_read_one_second(url, relay):
    with adaptive(through(relay, url), db_ping_after_idle_seconds=0.1) as db:
        db.fetch_one("SELECT 1")
        relay.freeze()
        time.sleep(0.2)

        started = time.monotonic()
        assert db.fetch_one("SELECT 2 AS two") == {"two": 2}
        assert 0.9 < time.monotonic() - started < 2
        assert db.statistics()["closed_ping"] == 1


def test_a_forgotten_flow_costs_a_unit_one_second(url, relay, root):
    with adaptive(through(relay, url), db_ping_after_idle_seconds=0.1) as db:
        db.fetch_one("SELECT 1")
        relay.freeze()
        time.sleep(0.2)

        started = time.monotonic()
        with db.transaction() as tx:
            add(tx, "kept")
        assert 0.9 < time.monotonic() - started < 2
        assert db.statistics()["retried_begin"] == 1

    assert words(root) == ["kept"]


def test_a_statement_after_a_ping_may_take_its_time(url):
    with adaptive(url, db_ping_after_idle_seconds=0.1) as db:
        db.fetch_one("SELECT 1")
        time.sleep(0.2)

        assert db.fetch_one("SELECT SLEEP(1.2) AS slept") == {"slept": 0}
        assert db.statistics()["opened"] == 1


def test_a_statement_after_a_begin_may_take_its_time(url):
    with adaptive(url, db_ping_after_idle_seconds=0.1) as db:
        db.fetch_one("SELECT 1")
        time.sleep(0.2)

        with db.transaction() as tx:
            assert tx.fetch_one("SELECT SLEEP(1.2) AS slept") == {"slept": 0}


def test_the_connection_used_last_is_lent_first(url):
    with adaptive(url) as db:
        hold_at_once(db)
        last = db.connections.strategy._idle[-1].session.connection_id

        assert {connection_id(db) for _ in range(8)} == {last}


def test_a_thread_that_waits_for_a_silent_server_stops_no_other(url, relay):
    """Nothing is sent or awaited under a lock."""
    with (
        adaptive(through(relay, url), db_ping_after_idle_seconds=0.1) as db,
        ThreadPoolExecutor(2) as pool,
    ):
        db.fetch_one("SELECT 1")
        relay.freeze()
        time.sleep(0.2)
        waiting = pool.submit(db.fetch_one, "SELECT 'slow' AS word")
        time.sleep(0.1)

        started = time.monotonic()
        assert db.fetch_one("SELECT 'fast' AS word") == {"word": "fast"}
        assert time.monotonic() - started < 0.5
        assert waiting.result(timeout=5) == {"word": "slow"}


@pytest.mark.parametrize("held", [1, 2, 4])
def test_a_unit_begins_although_a_firewall_forgot_every_idle_flow(held, url, relay):
    with opened(through(relay, url), db_ping_after_idle_seconds=0.1) as db:
        hold_at_once(db, threads=held)
        relay.freeze()
        time.sleep(0.2)

        with db.transaction() as tx:
            add(tx, "kept")


@pytest.mark.parametrize("held", [1, 4])
def test_a_read_waits_a_second_and_not_one_for_each_forgotten_flow(held, url, relay):
    with opened(through(relay, url), db_ping_after_idle_seconds=0.1) as db:
        hold_at_once(db, threads=held)
        relay.freeze()
        time.sleep(0.2)

        started = time.monotonic()
        db.fetch_one("SELECT 1")
        assert time.monotonic() - started < 2
