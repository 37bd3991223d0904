"""The control: the faults that the broken original strategy is known to fail on."""

import pytest

from app.db.errors import ConnectionLost
from tests.db.test_concurrency import settles
from tests.support.database import connections_of, kill_all, opened, query


@pytest.fixture
def db(url):
    with opened(url, db_strategy="single", db_outage_patience_seconds=0) as database:
        yield database


def test_single_fails_after_a_kill_and_never_recovers(db, root, url):
    db.fetch_one("SELECT 1")
    kill_all(root, url)

    for _ in range(3):
        with pytest.raises(ConnectionLost):
            db.fetch_one("SELECT 1")


def test_single_fails_with_2006_or_2013_after_wait_timeout(db, root, url, caplog):
    db.fetch_one("SELECT 1")
    query(db.connections.strategy.acquire(), "SET SESSION wait_timeout = 1")
    assert settles(lambda: connections_of(root, url) == set())

    with pytest.raises(ConnectionLost):
        db.fetch_one("SELECT 1")
    assert caplog.messages[0].startswith(
        (
            "read: retried on another connection after: (2006",
            "read: retried on another connection after: (2013",
        )
    )


def test_single_shares_its_connection_between_threads(db):
    one = db.connections.strategy.acquire()
    two = db.connections.strategy.acquire()

    assert one is two
