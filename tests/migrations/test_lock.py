"""The lease that processes on different servers share: taken, renewed, and taken over."""

from contextlib import closing

import pytest
from alembic.util import CommandError
from sqlalchemy import NullPool, create_engine

from app.db.connector import Connector
from app.db.url import DatabaseUrl
from migrations import lock as locks
from migrations.lock import MigrationLock
from tests.support.database import query, settings_for

LEASE = "SELECT holder, server FROM migration_lock WHERE migration_lock_id = 1"


@pytest.fixture
def url(server):
    return server.owner_url(server.create_database())


@pytest.fixture
def root(server, url):
    with closing(server.connect(url)) as connection:
        yield connection


@pytest.fixture
def open_lock(url):
    """A function that returns the lock of a process with a connection of its own."""
    connector = Connector(settings_for(url).database_config())
    engine = create_engine("mysql+pymysql://", creator=connector, poolclass=NullPool)
    connections = []

    def new():
        connections.append(engine.connect())
        return MigrationLock(connections[-1], DatabaseUrl.parse(url).name, connector)

    yield new
    for connection in connections:
        connection.close()


@pytest.fixture
def another_server(monkeypatch):
    """A function after which locks behave as on another server."""

    def change():
        monkeypatch.setattr(MigrationLock, "_server", lambda _: "another")

    return change


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(locks, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(locks, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(locks, "SILENT_POLLS", 10)


def test_the_lease_is_held_in_the_block_and_free_afterwards(open_lock, root):
    with open_lock().on_all_servers(1):
        ((holder, server),) = query(root, LEASE)

    assert (len(holder), len(server)) == (32, 64)
    assert query(root, LEASE) == ((None, None),)


def test_a_lease_that_is_renewed_is_not_taken_over(open_lock, another_server):
    with open_lock().on_all_servers(1):
        another_server()

        with pytest.raises(CommandError, match="is still running after 3 s"):
            open_lock()._take(3)


def test_a_lease_that_is_not_renewed_is_taken_over(open_lock, root, another_server):
    open_lock()._take(1)  # without the thread that renews it, as in a process that was killed
    another_server()

    with open_lock().on_all_servers(30):
        assert query(root, LEASE)[0][1] == "another"


def test_a_lease_of_the_same_server_is_taken_over_at_once(open_lock):
    """GET_LOCK has shown that its holder has ended."""
    open_lock()._take(0)

    with open_lock().on_all_servers(0):
        pass


def test_a_process_whose_lease_was_taken_over_stops(open_lock, root):
    lock = open_lock()
    with lock.on_all_servers(1):
        lock.check()
        query(root, "UPDATE migration_lock SET holder = 'another' WHERE migration_lock_id = 1")

        with pytest.raises(CommandError, match=r"another migration of \w+ has started"):
            lock.check()

    assert query(root, LEASE)[0][0] == "another"
