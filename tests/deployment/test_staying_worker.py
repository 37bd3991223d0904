"""When a thread of gunicorn stays with its client, and when it goes."""

import socket
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Event
from types import SimpleNamespace

import pytest

from app.operations.gunicorn.worker import StayingWorker


@pytest.fixture
def worker():
    """A worker of one thread, which nobody has started."""
    it = StayingWorker.__new__(StayingWorker)
    it.alive = True
    with ThreadPoolExecutor(1) as it.tpool:
        yield it


@pytest.fixture
def client_and_connection():
    """A client's socket, and gunicorn's connection with it."""
    client, server = socket.socketpair()
    unreader = SimpleNamespace(buf=BytesIO())
    with client, server:
        yield client, SimpleNamespace(sock=server, parser=SimpleNamespace(unreader=unreader))


def test_it_stays_for_a_request_that_is_there(worker, client_and_connection):
    client, connection = client_and_connection
    client.send(b"GET / HTTP/1.1")

    assert worker._has_more(connection)


def test_it_stays_for_one_that_was_read_ahead(worker, client_and_connection):
    _, connection = client_and_connection
    connection.parser.unreader.buf.write(b"GET / HTTP/1.1")

    assert worker._has_more(connection)


def test_it_goes_where_nothing_comes(worker, client_and_connection):
    _, connection = client_and_connection

    assert not worker._has_more(connection)


def test_it_goes_where_somebody_else_waits(worker, client_and_connection):
    client, connection = client_and_connection
    client.send(b"GET / HTTP/1.1")
    busy = Event()
    for _ in range(2):
        worker.tpool.submit(busy.wait)

    has_more = worker._has_more(connection)

    busy.set()
    assert not has_more


def test_it_goes_where_the_worker_stops(worker, client_and_connection):
    client, connection = client_and_connection
    client.send(b"GET / HTTP/1.1")
    worker.alive = False

    assert not worker._has_more(connection)
