"""Waits for locks on tables and on the server end after `lock_timeout_seconds`, as for rows.

The servers' own limits, `lock_wait_timeout`, are a day (MariaDB) and a year (MySQL).
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial

import pytest

from app import create_app
from app.db.errors import TransactionConflict
from tests.db.test_concurrency import settles
from tests.support.database import add, opened, query, settings_for, words

LOCK_TIMEOUT_SECONDS = 1
# The time the server and a busy machine take in addition.
TOLERANCE_SECONDS = 2.5
WAITING = """
    SELECT id FROM information_schema.processlist
    WHERE id <> CONNECTION_ID() AND info LIKE %s AND state LIKE 'Waiting for%%'
"""


@pytest.fixture(params=["pymysql", "mysqlclient"])
def driver(request):
    return request.param


@contextmanager
def table_locked(server, url, table):
    """LOCK TABLES in another session."""
    with closing(server.connect(url)) as other:
        query(other, f"LOCK TABLES {table} WRITE")
        yield


@contextmanager
def table_being_altered(server, url, table):
    """ALTER TABLE in another session, which waits for a transaction that has read the table."""
    with (
        closing(server.connect(url)) as reader,
        closing(server.connect(url)) as other,
        ThreadPoolExecutor(1) as thread,
    ):
        query(reader, "BEGIN")
        query(reader, f"SELECT 1 FROM {table} LIMIT 1")
        altered = thread.submit(query, other, f"ALTER TABLE {table} COMMENT 'altered'")
        assert settles(lambda: query(server.watcher, WAITING, ("ALTER TABLE%",)))
        try:
            yield
        finally:
            query(reader, "ROLLBACK")
            altered.result(timeout=20)


@contextmanager
def server_locked(server, url, table):
    """FLUSH TABLES WITH READ LOCK, as some backup tools send it; tables can be read."""
    with closing(server.connect(url)) as other:
        query(other, "FLUSH TABLES WITH READ LOCK")
        yield


LOCKS = [table_locked, table_being_altered, server_locked]


@contextmanager
def in_time():
    """Check that a block ends within the lock timeout."""
    started_at = time.monotonic()
    yield
    assert time.monotonic() - started_at < LOCK_TIMEOUT_SECONDS + TOLERANCE_SECONDS


def test_both_lock_timeouts_are_set(driver, url):
    with opened(url, db_driver=driver, db_lock_timeout_seconds=7) as db:
        found = db.fetch_one("SELECT @@innodb_lock_wait_timeout AS row_s, @@lock_wait_timeout AS s")

    assert found == {"row_s": 7, "s": 7}


@pytest.mark.parametrize("lock", [table_locked, table_being_altered])
def test_a_read_of_a_locked_table_ends_after_the_lock_timeout(lock, driver, server, url):
    with (
        opened(url, db_driver=driver, db_lock_timeout_seconds=LOCK_TIMEOUT_SECONDS) as db,
        lock(server, url, "word"),
    ):
        with in_time(), pytest.raises(TransactionConflict) as caught:
            db.fetch_one("SELECT COUNT(*) AS words FROM word")

        assert caught.value.code == 1205
        assert db.statistics().get("discarded") is None


@pytest.mark.parametrize("lock", LOCKS)
def test_a_transaction_on_a_locked_table_ends_after_the_lock_timeout(lock, driver, server, url):
    with (
        opened(url, db_driver=driver, db_lock_timeout_seconds=LOCK_TIMEOUT_SECONDS) as db,
        lock(server, url, "word"),
        in_time(),
        pytest.raises(TransactionConflict),
    ):
        db.run_transaction(lambda tx: add(tx, "never stored"))


def test_a_commit_that_waits_for_the_global_read_lock_was_rolled_back(driver, server, url, root):
    with opened(url, db_driver=driver, db_lock_timeout_seconds=LOCK_TIMEOUT_SECONDS) as db:
        with (
            ExitStack() as lock,
            pytest.raises(TransactionConflict) as caught,
            db.transaction() as tx,
        ):
            add(tx, "not committed")
            lock.enter_context(server_locked(server, url, "word"))

        assert caught.value.code == 1205
        assert words(root) == []


@pytest.fixture
def request_to(migrated, as_role):
    """A function that sends a request as an administrator to an app with a short lock timeout."""
    application = create_app(settings_for(migrated, db_lock_timeout_seconds=LOCK_TIMEOUT_SECONDS))
    yield partial(application.test_client().open, headers=as_role("admin"))
    application.extensions["database"].close()


@pytest.mark.parametrize("lock", [table_locked, table_being_altered])
def test_a_get_of_a_locked_table_is_a_503_in_time(lock, request_to, server, migrated):
    with lock(server, migrated, "subject"), in_time():
        response = request_to("/v1/subjects")

    assert_conflict(response)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_post_to_a_locked_table_is_a_503_in_time(lock, request_to, server, migrated):
    with lock(server, migrated, "subject"), in_time():
        response = request_to("/v1/subjects", method="POST", json={"name": "Never stored"})

    assert_conflict(response)


def assert_conflict(response):
    assert (response.status_code, response.json["type"].rpartition(":")[2]) == (503, "conflict")
    assert int(response.headers["Retry-After"]) >= 1
