"""`Database.snapshots()`: the connections of `adaptive`, the last closed ones, the circuit."""

import time

import pytest

from app.db.clock import now
from app.db.errors import ConnectionLost, DatabaseUnavailable
from app.db.strategies.adaptive.idle_connections import EXPIRED
from app.db.strategies.adaptive.pool_metrics import MAX_CLOSED
from tests.db.pool import last_used, make_idle, wait_until_readable
from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once
from tests.support.database import connection_id, opened, query

READ = "SELECT 1"
UNREACHABLE = "mysql://app@127.0.0.1:1/nothing"


@pytest.fixture
def db(url, relay):
    with opened(through(relay, url), db_pool_size=4) as database:
        yield database


def primary(db):
    return db.snapshots()["primary"]


def last_closed(db):
    return primary(db).closed[-1]


def test_each_connection_is_listed_with_its_age_and_whether_it_is_in_use(db):
    hold_at_once(db, threads=3)
    before = now()
    with db.transaction() as tx:
        held, pool, after = connection_id(tx), primary(db), now()

    in_use = [it for it in pool.connections if it.is_checked_out]
    assert pool.size == 4
    assert len(pool.connections) == 3
    assert [it.connection_id for it in in_use] == [held]
    assert before <= in_use[0].since <= after
    assert all(it.opened_at <= it.since <= before for it in pool.connections if it not in in_use)


def test_a_snapshot_sends_nothing_and_opens_nothing(db):
    assert primary(db).connections == []
    assert db.statistics()["opened"] == 0


def test_a_connection_found_dead_before_its_use_cost_nothing(db, root):
    db.fetch_one(READ)
    victim = last_used(db)
    query(root, f"KILL {victim.session.connection_id}")
    wait_until_readable(victim.connection)
    before = now()
    db.fetch_one(READ)

    closed = last_closed(db)
    assert closed.connection_id == victim.session.connection_id
    assert (closed.cause, closed.detected_by, closed.cost_seconds) == ("fin", "liveness_check", 0)
    assert before <= closed.closed_at <= now()
    assert closed.age_seconds > 0


def test_a_ping_without_a_response_cost_the_wait_for_it(db, relay):
    db.fetch_one(READ)
    make_idle(db, 11)
    relay.freeze()
    db.fetch_one(READ)

    assert last_closed(db).detected_by == "ping"
    assert last_closed(db).cost_seconds >= 1


def test_a_connection_lost_in_a_transaction_cost_the_time_since_its_checkout(db, root):
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        query(root, f"KILL {connection_id(tx)}")
        time.sleep(0.1)
        tx.execute(READ)

    assert last_closed(db).detected_by == "transaction"
    assert last_closed(db).cost_seconds >= 0.1


def test_only_the_last_closed_connections_are_kept(db):
    db.fetch_one(READ)
    metrics, entry = db.connections.strategy._metrics, last_used(db)
    for _ in range(MAX_CLOSED + 5):
        metrics.closed(entry, EXPIRED, 0)

    assert len(primary(db).closed) == MAX_CLOSED


def test_an_open_circuit_is_shown_with_its_error():
    with opened(UNREACHABLE, db_outage_patience_seconds=0) as db:
        closed = primary(db).circuit
        before = now()
        with pytest.raises(DatabaseUnavailable):
            db.fetch_one(READ)

        assert closed.opened_at is None
        assert before <= primary(db).circuit.opened_at <= now()
        assert primary(db).circuit.error_code == 2003


@pytest.mark.parametrize("name", ["pooled", "tests.support.own_strategy:Stack"])
def test_other_strategies_do_not_know_their_connections(url, name):
    with opened(url, db_strategy=name) as db:
        db.fetch_one(READ)

        assert db.snapshots() == {}


def test_an_error_of_a_users_strategy_is_only_logged(db, caplog, monkeypatch):
    monkeypatch.setattr(db.connections.strategy, "_idle", None)

    assert db.snapshots() == {}
    assert "the strategy's snapshot failed" in caplog.text
    monkeypatch.undo()


def test_both_pools_are_shown_with_a_replica(url):
    with opened(url, database_read_url=url) as db:
        assert list(db.snapshots()) == ["primary", "replica"]
