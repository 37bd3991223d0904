"""Counters and log lines of `adaptive`: each disconnect by cause and by how it was detected."""

import gc
import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.db.errors import ConnectionLost, PoolExhausted
from tests.db.pool import (
    idle_entries,
    last_used,
    make_idle,
    socket_of,
    wait_until_readable,
)
from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once, settles
from tests.db.test_invalidation import server_error_packet
from tests.support.database import connection_id, connections_of, in_child, opened, query

READ = "SELECT 1"


@pytest.fixture
def db(url, relay):
    with opened(through(relay, url), db_tcp_user_timeout_seconds=0.3) as database:
        database.fetch_one(READ)
        yield database


def send(relay, connection, data):
    with socket_of(connection) as raw:
        relay.send_to_client(data, raw.getsockname()[1])
    wait_until_readable(connection)


def killed(db, relay, root):
    victim = last_used(db)
    query(root, f"KILL {victim.session.connection_id}")
    wait_until_readable(victim.connection)


def reset(db, relay, root):
    connection = last_used(db).connection
    relay.reset()
    wait_until_readable(connection)


def timed_out_at_the_server(db, relay, root):
    message = "The client was disconnected because of inactivity"
    send(relay, last_used(db).connection, server_error_packet(4031, message))


def killed_with_an_error_packet(db, relay, root):
    packet = server_error_packet(1927, "Connection was killed")
    send(relay, last_used(db).connection, packet)


def unexpected_bytes(db, relay, root):
    send(relay, last_used(db).connection, b"not a packet")


def dropped(db, relay, root):
    relay.drop()


def reset_at_the_next_packet(db, relay, root):
    relay.forget()


def frozen_after_a_long_idle_time(db, relay, root):
    make_idle(db, 11)
    relay.freeze()


def expired(db, relay, root):
    last_used(db).expires_at = 0


def of_an_old_epoch(db, relay, root):
    db.connections.strategy._idle.epoch += 1


CASES = [
    (killed, {"detected_by_liveness_check", "closed_fin"}),
    (reset, {"detected_by_liveness_check", "closed_reset"}),
    (
        timed_out_at_the_server,
        {"detected_by_liveness_check", "closed_server_error", "server_error_4031"},
    ),
    (
        killed_with_an_error_packet,
        {"detected_by_liveness_check", "closed_server_error", "server_error_1927"},
    ),
    (unexpected_bytes, {"detected_by_liveness_check", "closed_unexpected_bytes"}),
    (dropped, {"detected_by_first_use", "closed_timed_out"}),
    (reset_at_the_next_packet, {"detected_by_first_use", "closed_reset"}),
    (frozen_after_a_long_idle_time, {"detected_by_ping", "closed_ping"}),
    (expired, {"detected_by_policy", "closed_age"}),
    (of_an_old_epoch, {"detected_by_policy", "closed_epoch"}),
]


def disconnects(db):
    """Return the names of the counters of disconnects; each must be 1."""
    prefixes = ("detected_by_", "closed_", "server_error_")
    counters = {name: n for name, n in db.statistics().items() if name.startswith(prefixes)}
    assert set(counters.values()) <= {1}
    return set(counters)


@pytest.fixture(params=CASES, ids=lambda case: case[0].__name__)
def disconnect(request, db, relay, root):
    """Disconnect the idle connection in one of these ways; its id and the expected counters."""
    cause, counted = request.param
    victim = connection_id(db)
    cause(db, relay, root)
    return victim, counted


def test_each_disconnect_is_counted_by_cause_and_by_detection(disconnect, db):
    db.fetch_one(READ)

    assert disconnects(db) == disconnect[1]


def test_each_disconnect_is_logged_once_with_fields(disconnect, db, caplog):
    victim, counted = disconnect
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

    assert disconnects(db) == {"detected_by_transaction", "closed_timed_out"}


def test_an_unanswered_begin_counts_and_invalidates_like_a_ping(url, relay):
    with opened(through(relay, url)) as db:
        hold_at_once(db, threads=3)
        make_idle(db, 11)
        relay.freeze()
        with db.transaction():
            pass

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

    assert db.statistics()["reused"] == 4
    assert db.statistics()["liveness_checks"] == 5


def test_a_wait_for_a_slot_is_counted(url):
    with opened(url, db_pool_size=1) as db, ThreadPoolExecutor(1) as other:
        with db.transaction():
            waiting = other.submit(db.fetch_one, READ)
            assert settles(lambda: db.statistics().get("waited") == 1)
        waiting.result(timeout=20)

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
            other.submit(db.fetch_one, READ).result(timeout=20)

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


def expire(entry):
    entry.expires_at = 0


def put_into_an_old_epoch(entry):
    entry.epoch -= 1


@pytest.mark.parametrize("make_unusable", [expire, put_into_an_old_epoch])
def test_unusable_connections_at_the_bottom_of_the_pool_are_closed(make_unusable, url, root):
    with opened(url) as db:
        hold_at_once(db, threads=3)
        for entry in idle_entries(db)[:2]:
            make_unusable(entry)
        for _ in range(2):
            db.fetch_one(READ)

        assert settles(lambda: len(connections_of(root, url)) == 1)
        assert db.statistics()["detected_by_policy"] == 2


def test_statistics_are_consistent_while_connections_are_checked_in(url):
    """The garbage collector stands for a thread switch: both may happen at any allocation."""
    with opened(url, db_pool_size=40) as db:
        held = [db.connections.checkout() for _ in range(30)]

        def check_in(phase, _):
            if phase == "start" and held:
                db.connections.checkin(held.pop())

        before = gc.get_threshold()
        gc.callbacks.append(check_in)
        gc.set_threshold(1)
        try:
            while held:
                db.statistics()
        finally:
            gc.set_threshold(*before)
            gc.callbacks.remove(check_in)

        assert db.statistics()["idle"] == 30
