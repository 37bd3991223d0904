"""The timeouts of a client's socket: kept as asked, told to the kernel only where they matter."""

import socket

import pytest

from app.operations.gunicorn.client_socket import ClientSocket


@pytest.fixture
def both_ends():
    """A client, and the server's end of its connection."""
    client, server = socket.socketpair()
    with client, ClientSocket(server) as ours:
        yield client, ours


@pytest.fixture
def told(monkeypatch):
    """The timeouts that the kernel is told of from here on."""
    values = []
    original = socket.socket.settimeout

    def settimeout(sock, value):
        values.append(value)
        original(sock, value)

    monkeypatch.setattr(socket.socket, "settimeout", settimeout)
    return values


def test_a_timeout_holds(both_ends):
    _, ours = both_ends
    ours.settimeout(0.01)

    with pytest.raises(TimeoutError):
        ours.recv(1)
    assert ours.gettimeout() == 0.01


def test_it_does_not_wait_where_it_must_not(both_ends):
    client, ours = both_ends
    ours.setblocking(False)

    with pytest.raises(BlockingIOError):
        ours.recv(1)
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            ours.send(b"x" * 65536)


def test_what_is_sent_may_wait_again(both_ends):
    client, ours = both_ends
    ours.setblocking(False)
    ours.setblocking(True)
    ours.sendall(b"hello")

    assert client.recv(5) == b"hello"
    assert ours.getblocking()


def test_the_kernel_is_told_of_what_has_changed_and_only_before_it_matters(both_ends, told):
    client, ours = both_ends
    client.sendall(b"hello")
    for _ in range(3):
        ours.setblocking(False)
        ours.settimeout(5)
        ours.setblocking(True)
        ours.recv(1)
        ours.sendall(b"x")
    assert told == []

    ours.settimeout(5)
    ours.recv(1)
    ours.recv(1)
    assert told == [5]


def test_it_takes_over_what_it_is_given():
    client, server = socket.socketpair()
    server.settimeout(0.5)
    with client, ClientSocket(server) as ours:
        assert (server.fileno(), ours.gettimeout()) == (-1, 0.5)
