"""All that a caller waits for ends within DB_CONNECT_TIMEOUT_SECONDS, and about a second more.

The limits asserted here are generous, because other tests use the same CPUs; without a deadline
these waits would take many times as long.
"""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Event, Thread, Timer

import pytest

from app.db.connector import Connector
from app.db.errors import code_of
from tests.db.black_hole import drop_incoming_packets
from tests.db.pool import MAX_DELAY_SECONDS, make_idle
from tests.db.relay import through
from tests.db.test_sockets import DRIVERS, seconds_until_it_fails
from tests.support.database import opened, settings_for
from tests.support.server import start_server

DEADLINE = 1
LATEST = DEADLINE + 3


def url_of(listener, host="127.0.0.1"):
    return f"mysql://app:secret@{host}:{listener.getsockname()[1]}/students"


@contextmanager
def dripping_server():
    """A server that sends its greeting byte by byte and never completes it."""
    is_stopped = Event()

    def drip(client):
        with closing(client), client.makefile("wb", buffering=0) as out:
            try:
                out.write(b"\x4a\x00\x00\x00\x0a")  # the start of a greeting of 74 bytes
                while not is_stopped.wait(0.1):
                    out.write(b"5")
            except OSError:
                pass

    def accept():
        while not is_stopped.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            drip(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=accept)
        thread.start()
        try:
            yield url_of(listener)
        finally:
            is_stopped.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def read(db):
    return db.fetch_one("SELECT 1 AS one")


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("strategy", ["adaptive", "per_query", "pooled", "sqlalchemy"])
def test_a_greeting_sent_byte_by_byte_fails_at_the_deadline(strategy, driver):
    settings = {"db_driver": driver, "db_connect_timeout_seconds": DEADLINE}
    with dripping_server() as url, opened(url, db_strategy=strategy, **settings) as db:
        assert 0.9 < seconds_until_it_fails(db, read) < LATEST


@pytest.fixture
def name_server(monkeypatch):
    """The addresses that `students.test` resolves to, and how long that takes."""
    original = socket.getaddrinfo
    resolution = {"addresses": [], "seconds": 0}

    def getaddrinfo(host, port, *arguments, flags=0, **options):
        if host != "students.test":
            return original(host, port, *arguments, flags=flags, **options)
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        time.sleep(resolution["seconds"])
        addresses = resolution["addresses"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return resolution


@contextmanager
def black_hole():
    """A port on which the kernel drops every SYN."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        drop_incoming_packets(listener)
        yield listener


def named(url):
    return url.replace("127.0.0.1", "students.test")


def test_the_second_address_is_tried_when_the_first_is_silent(name_server, server, url):
    with black_hole() as hole, opened(named(url), db_connect_timeout_seconds=3) as db:
        name_server["addresses"] = [hole.getsockname(), ("127.0.0.1", server.port)]

        assert read(db) == {"one": 1}


def test_a_host_with_many_silent_addresses_fails_at_the_deadline(name_server, url):
    with black_hole() as hole, opened(named(url), db_connect_timeout_seconds=DEADLINE) as db:
        name_server["addresses"] = [hole.getsockname()] * 5

        assert 0.8 < seconds_until_it_fails(db, read) < LATEST


def test_a_slow_name_resolution_fails_at_the_deadline(name_server, url):
    name_server["seconds"] = 6
    with opened(named(url), db_connect_timeout_seconds=DEADLINE) as db:
        assert 0.9 < seconds_until_it_fails(db, read) < LATEST


def test_a_name_that_does_not_resolve_fails_at_once(name_server, url):
    with opened(named(url)) as db:
        assert seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS


def test_the_wait_for_a_slot_is_part_of_the_deadline(url):
    settings = {"db_pool_size": 1, "db_pool_timeout_seconds": 60, "db_connect_timeout_seconds": 1}
    with opened(url, **settings) as db, ThreadPoolExecutor(1) as other, db.transaction():
        assert other.submit(seconds_until_it_fails, db, read).result() < LATEST


def test_a_connection_can_be_opened_after_a_long_wait_for_a_slot(name_server, server, url):
    name_server |= {"addresses": [("127.0.0.1", server.port)], "seconds": 0.2}
    settings = {"db_pool_size": 1, "db_connect_timeout_seconds": 0.5}
    with opened(named(url), **settings) as db, ThreadPoolExecutor(1) as other:
        with db.transaction() as tx:
            waiting = other.submit(read, db)
            time.sleep(0.4)
            tx.is_usable = False  # so that the waiting thread has to open another one
        assert waiting.result(timeout=20) == {"one": 1}


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_ping_and_the_new_connection_share_one_deadline(driver, url, relay):
    with opened(through(relay, url), db_driver=driver, db_connect_timeout_seconds=2) as db:
        read(db)
        make_idle(db, 11)
        relay.freeze()
        relay.is_silent = True

        assert 1.9 < seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS


@pytest.fixture(scope="module")
def stalling_server():
    with start_server() as running:
        yield running


@contextmanager
def stalled(server, seconds):
    """Stop the server's process; the kernel still acknowledges packets."""
    os.kill(server.pid, signal.SIGSTOP)
    thaw = Timer(seconds, os.kill, [server.pid, signal.SIGCONT])
    thaw.start()
    try:
        yield
    finally:
        thaw.join()


def transaction(db):
    return db.run_transaction(lambda tx: tx.fetch_one("SELECT 1 AS one"))


@pytest.mark.parametrize("work", [read, transaction])
def test_a_server_that_stalls_for_five_seconds_fails_no_request(work, stalling_server):
    """With the default settings: a recently used connection, an idle one, and a new one."""
    url = stalling_server.create_database()
    with (
        opened(url) as recent,
        opened(url) as idle,
        opened(url) as new,
        ThreadPoolExecutor(3) as pool,
    ):
        work(recent)
        work(idle)
        make_idle(idle, 11)
        with stalled(stalling_server, seconds=5):
            waiting = [pool.submit(work, db) for db in (recent, idle, new)]

        assert [one.result(timeout=20) for one in waiting] == [{"one": 1}] * 3


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_response_deadline_does_not_affect_later_statements(driver, url):
    settings = settings_for(url, db_driver=driver, db_connect_timeout_seconds=0.3)
    connection = Connector(settings.database_config())()
    with closing(connection), closing(connection.cursor()) as cursor:
        with connection.response_deadline(0.2):
            connection.ping()

        cursor.execute("SELECT SLEEP(0.5)")
        assert cursor.fetchone() == (0,)


def test_a_response_at_the_deadline_does_not_shut_the_socket_down_later(url):
    """The timer's thread may be interrupted between its decision and the shutdown."""
    connection = Connector(settings_for(url, db_driver="mysqlclient").database_config())()
    shut_down = connection.transport.shut_down

    def shut_down_late():
        is_due.set()
        time.sleep(0.2)
        shut_down()

    is_due = Event()
    connection.transport.shut_down = shut_down_late
    with closing(connection):
        with connection.response_deadline(0.1):
            assert is_due.wait(timeout=20)
        at_the_end = connection.transport.check_liveness()
        time.sleep(0.4)

        assert (at_the_end is None) == (connection.transport.check_liveness() is None)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_response_after_the_deadline_is_a_lost_connection(driver, url):
    connector = Connector(settings_for(url, db_driver=driver).database_config())
    connection = connector()
    with closing(connection), closing(connection.cursor()) as cursor:
        started = time.monotonic()
        with pytest.raises(connector.dbapi.Error) as caught, connection.response_deadline(0.2):
            cursor.execute("SELECT SLEEP(20)")

        assert code_of(caught.value) == 2013
        assert time.monotonic() - started < MAX_DELAY_SECONDS
