"""`adaptive` explains itself: an end has a counter by cause, one by finder, and one log line."""

import logging
import select
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.db.errors import ConnectionLost, PoolExhausted
from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once, settles
from tests.db.test_invalidation import farewell
from tests.db.test_sockets import socket_of
from tests.support.database import connection_id, connections_of, in_child, opened, query

READ = "SELECT 1"


@pytest.fixture
def db(url, relay):
    with opened(through(relay, url), db_tcp_user_timeout_seconds=0.3) as database:
        database.fetch_one(READ)
        yield database


def top(db):
    return db.connections.strategy._idle[-1].connection


def say_to(relay, connection, words):
    with socket_of(connection) as raw:
        relay.send_to_client(words, raw.getsockname()[1])
    assert settles(connection.transport.check_liveness)


def killed(db, relay, root):
    connection = top(db)
    query(root, f"KILL {connection_id(db)}")
    assert settles(connection.transport.check_liveness)


def reset(db, relay, root):
    connection = top(db)
    relay.reset()
    # a look would consume the reset: poll alone does not
    with socket_of(connection) as raw:
        assert select.select([raw], [], [], 10)[0]


def sent_away(db, relay, root):
    say_to(relay, top(db), farewell(4031, "The client was disconnected because of inactivity"))


def told_of_its_kill(db, relay, root):
    say_to(relay, top(db), farewell(1927, "Connection was killed"))


def nonsense(db, relay, root):
    say_to(relay, top(db), b"what nobody asked for")


def dropped(db, relay, root):
    relay.drop()


def forgotten(db, relay, root):
    relay.forget()


def idle_for_long_and_frozen(db, relay, root):
    db.connections.strategy._idle[-1].checked_in_at -= 11
    relay.freeze()


def old(db, relay, root):
    db.connections.strategy._idle[-1].expires_at = 0


def condemned(db, relay, root):
    db.connections.strategy._epoch += 1


CASES = [
    (killed, {"detected_by_liveness_check", "closed_fin"}),
    (reset, {"detected_by_liveness_check", "closed_reset"}),
    (sent_away, {"detected_by_liveness_check", "closed_server_error", "server_error_4031"}),
    (told_of_its_kill, {"detected_by_liveness_check", "closed_server_error", "server_error_1927"}),
    (nonsense, {"detected_by_liveness_check", "closed_unexpected_bytes"}),
    (dropped, {"detected_by_first_use", "closed_timed_out"}),
    (forgotten, {"detected_by_first_use", "closed_reset"}),
    (idle_for_long_and_frozen, {"detected_by_ping", "closed_ping"}),
    (old, {"detected_by_policy", "closed_age"}),
    (condemned, {"detected_by_policy", "closed_epoch"}),
]


def ends(db):
    """The counters that tell of ends; each of these happened once."""
    telling = ("detected_by_", "closed_", "server_error_")
    figures = {name: n for name, n in db.statistics().items() if name.startswith(telling)}
    assert set(figures.values()) <= {1}
    return set(figures)


@pytest.fixture(params=CASES, ids=lambda case: case[0].__name__)
def end(request, db, relay, root):
    """Have the idle connection end in one of these ways; gives its id and what is to be counted."""
    happens, counted = request.param
    victim = connection_id(db)
    happens(db, relay, root)
    return victim, counted


def test_each_disconnect_is_counted_by_cause_and_by_detection(end, db):
    db.fetch_one(READ)

    assert ends(db) == end[1]


def test_each_disconnect_is_logged_once_with_fields(end, db, caplog):
    victim, counted = end
    with caplog.at_level(logging.DEBUG, logger="app.db.strategies.adaptive.pool_metrics"):
        db.fetch_one(READ)

    lines = [line for line in caplog.records if line.name.endswith("adaptive.pool_metrics")]
    assert [line.connection_id for line in lines] == [victim]
    assert f"closed_{lines[0].cause}" in counted
    assert f"detected_by_{lines[0].detected_by}" in counted
    assert lines[0].age_seconds >= 0


def test_a_disconnect_in_a_transaction_is_counted_as_such(db, relay):
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        relay.drop()
        tx.fetch_one(READ)

    assert ends(db) == {"detected_by_transaction", "closed_timed_out"}


def test_an_unanswered_begin_counts_and_invalidates_like_a_ping(url, relay):
    with opened(through(relay, url)) as db:
        hold_at_once(db, threads=3)
        for entry in db.connections.strategy._idle:
            entry.checked_in_at -= 11
        relay.freeze()
        started = time.monotonic()
        with db.transaction():
            pass

        assert time.monotonic() - started < 2
        assert db.statistics()["detected_by_ping"] == 1
        assert db.statistics()["closed_ping"] == 3


def test_reuses_are_counted(db):
    for _ in range(9):
        db.fetch_one(READ)

    assert db.statistics() == {
        "opened": 1,
        "liveness_checks": 9,
        "reused": 9,
        "idle": 1,
        "checked_out": 0,
    }


def test_counters_include_closed_connections(db, relay, root):
    for _ in range(4):
        db.fetch_one(READ)
    killed(db, relay, root)
    db.fetch_one(READ)

    assert db.statistics()["reused"] == 5  # one of them to ask for its id
    assert db.statistics()["liveness_checks"] == 6


def test_a_wait_for_a_slot_is_counted(url):
    with opened(url, db_pool_size=1) as db, ThreadPoolExecutor(1) as other:
        with db.transaction():
            waiting = other.submit(db.fetch_one, READ)
            assert settles(lambda: db.statistics().get("waited") == 1)
        waiting.result(timeout=5)

    assert db.statistics()["waited"] == 1


def test_a_child_counts_the_connections_it_inherited(url):
    with opened(url) as db:
        hold_at_once(db, threads=3)

        assert in_child(lambda: db.statistics()["closed_fork"]) == "3"


def test_a_long_checkout_is_reported_with_its_stack(url, caplog):
    settings = {"db_pool_size": 1, "db_pool_timeout_seconds": 0.1, "db_leak_report_seconds": 0.2}
    with opened(url, **settings) as db, ThreadPoolExecutor(1) as other, db.transaction() as tx:
        held = connection_id(tx)
        time.sleep(0.3)
        with pytest.raises(PoolExhausted):
            other.submit(db.fetch_one, READ).result(timeout=5)

    reports = [line for line in caplog.records if hasattr(line, "stack")]
    assert [line.connection_id for line in reports] == [held]
    assert "test_a_long_checkout_is_reported_with_its_stack" in reports[0].stack
    assert reports[0].held_seconds > 0.2


def test_a_late_checkin_is_reported_once(url, caplog):
    with opened(url, db_leak_report_seconds=0.2) as db:
        with db.transaction():
            time.sleep(0.3)
        db.fetch_one(READ)

    assert len([line for line in caplog.records if hasattr(line, "stack")]) == 1


def test_long_checkouts_are_not_reported_by_default(url, caplog):
    with opened(url) as db, db.transaction():
        time.sleep(0.3)

    assert not [line for line in caplog.records if hasattr(line, "stack")]


def age(pool):
    for entry in pool._idle[:2]:
        entry.expires_at = 0


def condemn(pool):
    for entry in pool._idle[:2]:
        entry.epoch -= 1


@pytest.mark.parametrize("rule", [age, condemn])
def test_unusable_connections_at_the_bottom_of_the_pool_are_closed(rule, url, root):
    with opened(url) as db:
        hold_at_once(db, threads=3)
        rule(db.connections.strategy)
        for _ in range(2):
            db.fetch_one(READ)

        assert settles(lambda: len(connections_of(root, url)) == 1)
        assert db.statistics()["detected_by_policy"] == 2
