"""The control: the faults that the broken original strategy is known to fail on."""

import pymysql
import pytest

from app.db.errors import ConnectionLost, code_of
from tests.db.test_concurrency import settles
from tests.support.database import connections_of, kill_all, opened, query


@pytest.fixture
def db(url):
    with opened(url, db_strategy="single") as database:
        yield database


def driver_code(error):
    """Return the code of the driver's error that led to this one."""
    codes = []
    while error is not None:
        if isinstance(error, pymysql.err.Error):
            codes.append(code_of(error))
        error = error.__cause__ or error.__context__
    return max(codes)


def test_single_fails_after_a_kill_and_never_recovers(db, root, url):
    db.fetch_one("SELECT 1")
    kill_all(root, url)

    for _ in range(3):
        with pytest.raises(ConnectionLost):
            db.fetch_one("SELECT 1")


def test_single_fails_with_2006_or_2013_after_wait_timeout(db, root, url):
    db.fetch_one("SELECT 1")
    query(db.connections.strategy.acquire(), "SET SESSION wait_timeout = 1")
    assert settles(lambda: connections_of(root, url) == set())

    with pytest.raises(ConnectionLost) as caught:
        db.fetch_one("SELECT 1")
    assert driver_code(caught.value) in {2006, 2013}


def test_single_shares_its_connection_between_threads(db):
    one = db.connections.strategy.acquire()
    two = db.connections.strategy.acquire()

    assert one is two
