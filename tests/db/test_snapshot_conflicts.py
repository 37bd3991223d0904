"""Transactions that read a row and then change it, while others do the same.

With `innodb_snapshot_isolation` (MariaDB; the default since 11.6.2) the server rejects a change
of a row that was changed after the transaction's snapshot: error 1020. MySQL has no such setting;
there the same transactions do not conflict.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from app.db.errors import TransactionConflict
from tests.support.database import opened, query
from tests.support.server import FLAVOR, start_server

THREADS, TRANSACTIONS = 4, 20
SNAPSHOT_ISOLATION = {"innodb_snapshot_isolation": "ON"} if FLAVOR == "mariadb" else {}


@pytest.fixture(scope="module")
def snapshot_server():
    with start_server(**SNAPSHOT_ISOLATION) as running:
        yield running


@pytest.fixture(scope="module")
def counter_url(snapshot_server):
    url = snapshot_server.create_database()
    with closing(snapshot_server.connect(url)) as root:
        query(root, "CREATE TABLE counter (id INT PRIMARY KEY, number INT NOT NULL) ENGINE=InnoDB")
        query(root, "INSERT INTO counter VALUES (1, 0)")
    return url


@pytest.fixture
def root(snapshot_server, counter_url):
    with closing(snapshot_server.connect(counter_url)) as connection:
        query(connection, "DELETE FROM counter WHERE id > 1")
        query(connection, "UPDATE counter SET number = 0")
        yield connection


def number_in(reader):
    return reader.fetch_one("SELECT number FROM counter WHERE id = 1")["number"]


def increment(tx):
    tx.execute("UPDATE counter SET number = number + 1 WHERE id = 1")


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_a_snapshot_conflict_is_retried(driver, counter_url, root):
    runs = []

    def read_and_increment(tx):
        runs.append(number_in(tx))
        if len(runs) == 1:
            query(root, "UPDATE counter SET number = 10")
        increment(tx)

    with opened(counter_url, db_driver=driver) as db:
        db.run_transaction(read_and_increment)

        assert query(root, "SELECT number FROM counter") == ((11,),)
        assert runs == ([0, 10] if SNAPSHOT_ISOLATION else [0])
        assert db.statistics().get("discarded") is None


def test_a_transaction_that_continues_after_a_snapshot_conflict_stores_nothing(counter_url, root):
    """The server has rolled it back: a later statement would be stored without the earlier ones."""
    conflicts = []

    def careless(tx):
        number_in(tx)
        query(root, "UPDATE counter SET number = 10")
        try:
            increment(tx)
        except TransactionConflict as conflict:
            conflicts.append(conflict.code)
        tx.execute("INSERT INTO counter VALUES (2, 0)")

    with opened(counter_url) as db:
        with suppress(TransactionConflict), db.transaction() as tx:
            careless(tx)

        assert conflicts == ([1020] if SNAPSHOT_ISOLATION else [])
        assert query(root, "SELECT id FROM counter WHERE id = 2") == ((2,),)[len(conflicts) :]


def test_concurrent_read_then_write_transactions_all_succeed(counter_url, root):
    def read_and_increment(tx):
        number_in(tx)
        time.sleep(0.01)  # so that the transactions overlap
        increment(tx)

    def run_all(db):
        for _ in range(TRANSACTIONS):
            db.run_transaction(read_and_increment)
        db.end_request()

    with opened(counter_url, db_pool_size=THREADS) as db, ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(run_all, db) for _ in range(THREADS)]:
            future.result(timeout=60)

    assert query(root, "SELECT number FROM counter") == ((THREADS * TRANSACTIONS,),)
