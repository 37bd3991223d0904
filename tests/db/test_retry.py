"""How often, and for how long, a lost or rejected read or transaction is retried."""

import time

import pytest

from app.db.errors import ConnectionLost, TransactionConflict
from app.db.retry import MAX_RETRIES, MIN_TRANSACTION_RETRIES
from tests.db.relay import through
from tests.db.test_concurrency import settles
from tests.support.database import add, opened, query, words

MORE_THAN_THE_RETRIES_TAKE_SECONDS = 300


class Lost:
    """A function for `run_transaction` whose connection is lost before its COMMIT."""

    def __init__(self, relay, until=lambda: False):
        self.runs = 0
        self._relay = relay
        self._is_over = until

    def __call__(self, tx):
        self.runs += 1
        if not self._is_over():
            self._relay.reset()
        add(tx, f"run {self.runs}")


def behind(relay, url, patience_seconds, **settings):
    return opened(through(relay, url), db_outage_patience_seconds=patience_seconds, **settings)


def cut_reads(db, relay):
    """Run a query whose response is always cut; returns the statistics."""
    relay.cut_response_to = b"a query"
    with pytest.raises(ConnectionLost):
        db.fetch_one("SELECT 'a query'")
    return db.statistics()


def test_without_patience_a_lost_transaction_is_retried_three_times(relay, url):
    write = Lost(relay)
    with behind(relay, url, 0) as db:
        with pytest.raises(ConnectionLost):
            db.run_transaction(write)

        assert write.runs == 1 + MIN_TRANSACTION_RETRIES == 4
        assert db.statistics()["retried_transaction"] == 3


def test_a_lost_transaction_is_retried_ten_times_at_most(relay, url):
    write = Lost(relay)
    with behind(relay, url, MORE_THAN_THE_RETRIES_TAKE_SECONDS) as db:
        with pytest.raises(ConnectionLost):
            db.run_transaction(write)

        assert write.runs == 1 + MAX_RETRIES == 11


def test_a_lost_transaction_is_retried_while_the_outage_may_last(relay, url, root):
    write = Lost(relay, until=lambda: write.runs > 1 + MIN_TRANSACTION_RETRIES + 2)
    with behind(relay, url, MORE_THAN_THE_RETRIES_TAKE_SECONDS) as db:
        db.run_transaction(write)

    assert words(root) == [f"run {write.runs}"]


def test_a_lost_transaction_is_not_retried_after_the_patience(relay, url):
    """Each run takes longer than the patience: only the minimum is left."""

    def write(tx):
        runs.append(1)
        time.sleep(0.2)
        relay.reset()
        add(tx, "never")

    runs = []
    with behind(relay, url, 0.1) as db, pytest.raises(ConnectionLost):
        db.run_transaction(write)

    assert len(runs) == 1 + MIN_TRANSACTION_RETRIES


def test_without_patience_a_lost_read_is_retried_once(relay, url):
    with behind(relay, url, 0, db_strategy="per_query") as db:
        assert cut_reads(db, relay) == {"opened": 2, "retried_read": 1, "discarded": 2}


def test_a_lost_read_is_retried_ten_times_at_most(relay, url):
    with behind(relay, url, MORE_THAN_THE_RETRIES_TAKE_SECONDS, db_strategy="per_query") as db:
        assert cut_reads(db, relay)["retried_read"] == MAX_RETRIES


def test_without_patience_a_lost_begin_is_retried_once(relay, url):
    with behind(relay, url, 0, db_strategy="per_query") as db:
        relay.cut_response_to = b"BEGIN"
        with pytest.raises(ConnectionLost), db.transaction():
            pass

        assert db.statistics()["retried_begin"] == 1


def test_retries_do_not_prolong_a_lock_wait(url, root):
    """The first wait takes all of the time."""

    def touch(tx):
        runs.append(1)
        tx.execute("UPDATE word SET touched = 1")

    runs = []
    query(root, "INSERT INTO word (word) VALUES ('locked')")
    query(root, "BEGIN")
    query(root, "UPDATE word SET touched = 2")
    with opened(url, db_lock_timeout_seconds=1) as db, pytest.raises(TransactionConflict):
        db.run_transaction(touch)
    query(root, "ROLLBACK")

    assert len(runs) == 1


def test_a_lock_that_is_released_in_time_delays_a_transaction_only(url, root):
    def touch(tx):
        runs.append(1)
        if len(runs) == 1:
            tx.execute("SET SESSION innodb_lock_wait_timeout = 1")
        else:
            query(root, "ROLLBACK")
        tx.execute("UPDATE word SET touched = 1")

    runs = []
    query(root, "INSERT INTO word (word) VALUES ('locked')")
    query(root, "BEGIN")
    query(root, "UPDATE word SET touched = 2")
    with opened(url, db_lock_timeout_seconds=30) as db:
        db.run_transaction(touch)

    assert len(runs) == 2
    assert settles(lambda: query(root, "SELECT touched FROM word") == ((1,),))


def test_a_deadlock_of_a_long_transaction_is_retried_three_times(url):
    def conflict(tx):
        runs.append(1)
        time.sleep(1.1 if len(runs) == 1 else 0)
        tx.execute("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")

    runs = []
    with opened(url, db_lock_timeout_seconds=1) as db, pytest.raises(TransactionConflict):
        db.run_transaction(conflict)

    assert len(runs) == 1 + MIN_TRANSACTION_RETRIES


def test_a_conflict_is_retried_ten_times_at_most(url):
    def conflict(tx):
        runs.append(1)
        tx.execute("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")

    runs = []
    with opened(url, db_lock_timeout_seconds=3600) as db, pytest.raises(TransactionConflict):
        db.run_transaction(conflict)

    assert len(runs) == 1 + MAX_RETRIES


@pytest.mark.parametrize("strategy", ["adaptive", "per_query"])
def test_a_read_or_transaction_without_response_is_retried_once(strategy, relay, url):
    settings = {"db_strategy": strategy, "db_read_timeout_seconds": 0.5}
    with behind(relay, url, MORE_THAN_THE_RETRIES_TAKE_SECONDS, **settings) as db:
        relay.discard_response_to = b"no response"
        with pytest.raises(ConnectionLost):
            db.fetch_one("SELECT 'no response'")
        with pytest.raises(ConnectionLost):
            db.run_transaction(lambda tx: tx.fetch_one("SELECT 'no response'"))

        assert db.statistics()["retried_read"] == 1
        assert db.statistics()["retried_transaction"] == 1
