"""Socket options, timeouts, and how a TCP connection is closed."""

import errno
import os
import socket
import stat
import struct
import sys
import time
from contextlib import closing
from threading import Lock, Thread

import pytest

from app.db.connector import Connector
from app.db.errors import ConnectionLost, DatabaseUnavailable, StatementTimedOut
from app.db.transport import Transport
from tests.db.pool import MAX_DELAY_SECONDS, socket_of
from tests.db.relay import through
from tests.db.test_concurrency import settles
from tests.support.database import connections_of, opened, query, settings_for
from tests.support.server import start_server

QUIT = b"\x01\x00\x00\x00\x01"
DRIVERS = ["pymysql", "mysqlclient"]


@pytest.fixture(params=DRIVERS)
def driver(request):
    return request.param


def connect(url, **settings):
    return Connector(settings_for(url, **settings).database_config())()


def linger_of(raw):
    return struct.unpack("ii", raw.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))


def read(db):
    return db.fetch_one("SELECT 1")


def seconds_until_it_fails(db, work):
    started = time.monotonic()
    with pytest.raises((DatabaseUnavailable, StatementTimedOut)):
        work(db)
    return time.monotonic() - started


OPTIONS = [
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 21),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 7),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 1500),
]


@pytest.mark.parametrize(
    ("level", "option", "value"),
    [case for case in OPTIONS if hasattr(socket, case[1])],  # macOS lacks some
)
def test_keepalive_and_user_timeout_are_set_on_the_socket(level, option, value, driver, url):
    settings = {"db_keepalive_seconds": 21, "db_tcp_user_timeout_seconds": 1.5}

    with closing(connect(url, db_driver=driver, **settings)) as it, socket_of(it) as raw:
        assert raw.getsockopt(level, getattr(socket, option)) == value


def test_an_open_connection_has_so_linger_0(driver, url):
    with closing(connect(url, db_driver=driver)) as connection, socket_of(connection) as raw:
        assert linger_of(raw) == (1, 0)


def test_abort_resets_the_connection_without_com_quit(driver, url, relay):
    connection = connect(through(relay, url), db_driver=driver)
    connection.abort()

    assert settles(lambda: relay.connections[0].closed_by_client)
    assert relay.connections[0].closed_by_client == "reset"
    assert not relay.connections[0].received.endswith(QUIT)


def test_close_sends_com_quit_and_a_fin(driver, url, relay):
    connection = connect(through(relay, url), db_driver=driver)
    connection.close()

    assert settles(lambda: relay.connections[0].closed_by_client)
    assert relay.connections[0].closed_by_client == "fin"
    assert relay.connections[0].received.endswith(QUIT)


def test_a_file_of_another_device_is_not_the_socket_even_with_its_inode(url, monkeypatch):
    with closing(connect(url)) as connection:
        original = os.fstat
        monkeypatch.setattr(os, "fstat", lambda number: on_another_device(original(number)))
        connection.transport.shut_down()
        monkeypatch.undo()

        connection.ping()


def on_another_device(found):
    values = list(found)
    values[stat.ST_DEV] += 1
    return os.stat_result(values)


@pytest.mark.parametrize("how", ["close", "abort"])
def test_closing_never_raises(how, driver, url, monkeypatch):
    def fail(_):
        raise OSError(errno.EBADF, "bad file descriptor")

    connection = connect(url, db_driver=driver)
    monkeypatch.setattr(Transport, "close_gracefully", fail)
    monkeypatch.setattr(Transport, "detach", fail)
    getattr(connection, how)()

    with pytest.raises(OSError, match="Bad file descriptor"):  # the driver closed its socket
        os.fstat(connection.transport.descriptor)


def test_a_statement_that_timed_out_is_not_delivered_later(url, relay):
    with opened(through(relay, url), db_strategy="single", db_read_timeout_seconds=0.3) as db:
        db.fetch_one("SELECT 1")
        relay.freeze()
        with pytest.raises(ConnectionLost), db.transaction() as tx:
            tx.execute("SELECT 'late'")

        assert settles(lambda: relay.connections[0].closed_by_client)
    assert relay.connections[0].closed_by_client == "reset"


@pytest.fixture(scope="module")
def quiet_server():
    """A server used by this test only: it counts clients that close without COM_QUIT."""
    with start_server() as running:
        yield running


def test_close_sends_com_quit_on_every_connection(combination, quiet_server):
    name, driver = combination
    url = quiet_server.create_database()
    with opened(url, db_strategy=name, db_driver=driver) as db:
        db.fetch_one("SELECT 1")
        db.end_request()

    with quiet_server.connect() as root:
        assert settles(lambda: connections_of(root, url) == set())
        assert query(root, "SHOW GLOBAL STATUS LIKE 'Aborted_clients'")[0][1] == "0"


def test_a_server_that_does_not_accept_fails_at_the_connect_timeout():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"mysql://app:secret@127.0.0.1:{full.getsockname()[1]}/students"
        with opened(url, db_connect_timeout_seconds=0.4) as db:
            assert 0.3 < seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS
        for one in waiting:
            one.close()


def test_a_server_without_greeting_fails_at_the_connect_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mysql://app:secret@127.0.0.1:{silent.getsockname()[1]}/students"
        with opened(url, db_connect_timeout_seconds=1) as db:
            assert 0.9 < seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS

        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # there was no second attempt
            silent.accept()


def test_a_server_without_greeting_fails_at_the_connect_timeout_in_c():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mysql://app:secret@127.0.0.1:{silent.getsockname()[1]}/students"
        with opened(url, db_driver="mysqlclient", db_connect_timeout_seconds=1) as db:
            assert 0.9 < seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS


def test_a_connection_closed_in_the_handshake_is_not_retried(url, relay):
    relay.rejects_clients = True
    settings = {"db_outage_patience_seconds": 0}
    with opened(through(relay, url), **settings) as db, pytest.raises(DatabaseUnavailable) as error:
        db.fetch_one("SELECT 1")

    assert error.type is DatabaseUnavailable
    assert relay.accepted == 1


def test_the_connect_timeout_does_not_apply_to_statements(driver, url):
    with opened(url, db_driver=driver, db_connect_timeout_seconds=0.5) as db:
        assert db.fetch_one("SELECT SLEEP(1.2) AS slept") == {"slept": 0}


def test_a_silent_server_fails_at_the_read_timeout(driver, url):
    def wait_in_transaction(db):
        with db.transaction() as tx:
            tx.fetch_one("SELECT SLEEP(20)")

    with opened(url, db_driver=driver, db_read_timeout_seconds=1) as db:
        assert 0.9 < seconds_until_it_fails(db, wait_in_transaction) < 1 + MAX_DELAY_SECONDS


def test_the_liveness_check_does_not_release_the_gil(driver, url):
    others = []
    start = Lock()
    start.acquire()
    with closing(connect(url, db_driver=driver)) as connection:
        before = sys.getswitchinterval()
        other = Thread(target=lambda: (start.acquire(), others.append("ran")))
        other.start()
        sys.setswitchinterval(60)
        time.sleep(0.05)  # until a thread that waits with the old interval has had the GIL
        try:
            start.release()  # from here on no other thread runs unless the GIL is released
            for _ in range(10_000):
                assert connection.transport.check_liveness() is None
            ran_during_checks = list(others)
        finally:
            sys.setswitchinterval(before)
        other.join()

    assert ran_during_checks == []
