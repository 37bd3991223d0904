"""An orphaned session is killed only if it is certainly the same one, not just the same id."""

import os
import signal
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pymysql
import pytest

from app.db.errors import ConnectionLost
from app.db.url import DatabaseUrl
from tests.db.relay import Relay, through
from tests.db.test_concurrency import settles
from tests.support.database import connection_id, connections_of, opened, query
from tests.support.server import start_server

DRIVERS = ["pymysql", "mysqlclient"]
# Higher than the ids of the connections with which the tests start the server and read its state.
OLD_ID = 60
SELECT_ONE = {"one": 1}


def read(db):
    return db.fetch_one("SELECT 1 AS one")


@pytest.fixture(scope="module")
def crashing():
    """A server that a test may kill, and the URL of a database on it over its unix socket."""
    with start_server() as server:
        yield server, f"{server.create_database()}?unix_socket={server.socket}"


@contextmanager
def clients_until(server, url, number):
    """Yield clients of the same account over the unix socket; the last one has this id."""
    parsed = DatabaseUrl.parse(url)
    with ExitStack() as stack:
        clients = []
        while not clients or clients[-1].thread_id() < number:
            client = pymysql.connect(
                user=parsed.user,
                password=parsed.password,
                unix_socket=str(server.socket),
                ssl_disabled=True,
            )
            clients.append(stack.enter_context(closing(client)))
        assert clients[-1].thread_id() == number
        yield clients


def suspend(server):
    """Suspend all threads of the server."""
    os.kill(server.pid, signal.SIGSTOP)
    threads = list(Path(f"/proc/{server.pid}/task").glob("*/stat"))
    assert settles(lambda: all(") T " in thread.read_text() for thread in threads))


@contextmanager
def session_lost_in_a_crash(crashing, driver, *, is_hung):
    """Yield a `Database` whose transaction was open when the server crashed, and its old id.

    Before the crash the server may be hung for so long that the client gave the transaction up.
    """
    server, url = crashing
    server.restart()  # ids start again
    settings = {"db_driver": driver, "db_read_timeout_seconds": 1}
    with clients_until(server, url, OLD_ID - 1), opened(url, **settings) as db:
        with pytest.raises(ConnectionLost), db.transaction() as tx:
            assert connection_id(tx) == OLD_ID
            if is_hung:
                suspend(server)
            else:
                server.kill()
            tx.execute("SELECT 1")
        server.kill()
        server.start()
        yield db


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("is_hung", [False, True])
def test_after_a_crash_the_client_that_got_the_old_id_is_not_killed(is_hung, driver, crashing):
    with (
        session_lost_in_a_crash(crashing, driver, is_hung=is_hung) as db,
        clients_until(*crashing, OLD_ID) as clients,
    ):
        assert read(db) == SELECT_ONE
        clients[-1].ping()
        assert db.statistics().get("orphaned_sessions_forgotten", 0) == is_hung


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("is_hung", [False, True])
def test_after_a_crash_a_new_connection_with_the_old_id_does_not_kill_itself(
    is_hung, driver, crashing
):
    with (
        session_lost_in_a_crash(crashing, driver, is_hung=is_hung) as db,
        clients_until(*crashing, OLD_ID - 1),
    ):
        assert connection_id(db) == OLD_ID
        assert "retried_read" not in db.statistics()


def lose_transaction(db, relay):
    """Lose the connection of a transaction, unnoticed by the server; returns its session's id."""
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        orphan = connection_id(tx)
        relay.drop()
        tx.execute("SELECT 1")
    return orphan


@pytest.fixture(scope="module")
def second_server():
    """Another server that the relay can lead to."""
    with start_server() as running:
        yield running


@pytest.fixture
def second_url(second_server, url):
    """The same account and database on the second server."""
    parsed = DatabaseUrl.parse(url)
    second_server.create_database(parsed.name)
    with closing(second_server.connect()) as root:
        query(root, "ALTER USER %s IDENTIFIED BY %s", (parsed.user, parsed.password))
    return url.replace(f":{parsed.port}/", f":{second_server.port}/")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_session_on_another_server_behind_the_address_is_not_killed(
    driver, url, second_url, second_server, relay
):
    """The server, not the session, differs: id, user and host are those of the other client."""
    settings = {"db_driver": driver, "db_tcp_user_timeout_seconds": 0.3}
    with opened(through(relay, url), **settings) as db, opened(second_url) as other_client:
        lose_transaction(db, relay)
        relay.target = second_server.port
        other_id = connection_id(other_client)
        appear_as(db, other_client)

        assert read(db) == SELECT_ONE
        assert connection_id(other_client) == other_id
        assert db.statistics()["orphaned_sessions_forgotten"] == 1
        assert "orphaned_sessions_killed" not in db.statistics()


def appear_as(db, other_client):
    """Give the orphaned session the id and the host of the other client."""
    (entry,) = other_client.connections.strategy._idle.entries()
    orphans = db.connections.strategy._orphans._sessions
    lost, other = orphans.pop(), entry.session
    session = replace(lost.session, connection_id=other.connection_id, host=other.host)
    orphans.append(lost._replace(session=session))


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    "fault", [(0.5, "hides_connection_ids"), (30, "hides_connection_ids"), (30, "hides_version")]
)
def test_nothing_is_killed_through_a_proxy_that_multiplexes(fault, driver, url, root, relay):
    read_timeout, hidden = fault
    settings = {
        "db_driver": driver,
        "db_tcp_user_timeout_seconds": 0.3 if read_timeout == 30 else 30,
        "db_read_timeout_seconds": read_timeout,
    }
    setattr(relay, hidden, True)
    with opened(through(relay, url), **settings) as db:
        orphan = lose_transaction(db, relay)

        assert read(db) == SELECT_ONE
        assert orphan in connections_of(root, url)
        assert db.statistics()["orphaned_sessions_forgotten"] == 1
    query(root, f"KILL {orphan}")


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("fault", ["fin", "killed"])
def test_a_session_that_the_server_ended_itself_is_not_looked_for(driver, fault, url, root, relay):
    settings = {"db_driver": driver, "db_tcp_user_timeout_seconds": 0.3}
    with opened(through(relay, url), **settings) as db:
        with pytest.raises(ConnectionLost), db.transaction() as tx:
            if fault == "killed":
                query(root, f"KILL {connection_id(tx)}")
            else:
                relay.forget("fin")
            tx.execute("SELECT 1")

        # The C library does not say how the connection ended.
        assert bool(db.connections.strategy._orphans) == (driver == "mysqlclient")
        assert read(db) == SELECT_ONE
        assert "orphaned_sessions_killed" not in db.statistics()


def test_a_session_reset_by_a_device_on_the_path_is_killed(url, root, relay):
    with opened(through(relay, url)) as db, Relay(relay.target) as other_path:
        relay.target = other_path.port
        with pytest.raises(ConnectionLost), db.transaction() as tx:
            orphan = connection_id(tx)
            other_path.drop()  # the server is not notified of the reset
            relay.forget()
            tx.execute("SELECT 1")
        assert orphan in connections_of(root, url)
        relay.target = int(url.rpartition(":")[2].partition("/")[0])

        assert read(db) == SELECT_ONE
        assert settles(lambda: orphan not in connections_of(root, url))
        assert db.statistics()["orphaned_sessions_killed"] == 1
