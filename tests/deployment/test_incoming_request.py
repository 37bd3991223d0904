"""When a request counts as complete: not before its last byte, and then at once."""

import socket
import time

import pytest

from app.operations.gunicorn.incoming_request import IncomingRequest
from tests.support.raw_http import head_of

CHUNKED = head_of("/", "Transfer-Encoding: chunked", method="POST")
COMPLETE = {
    "head": head_of("/"),
    "empty body": head_of("/", "Content-Length: 0", method="POST"),
    "body": head_of("/", "content-length:  5", method="POST") + b"12345",
    "body like a head": head_of("/", "Content-Length: 8", method="POST") + b"\r\n\r\n\r\n\r\n",
    "chunks": CHUNKED + b"5\r\n12345\r\n1\r\n6\r\n0\r\n\r\n",
    "chunk with an extension": CHUNKED + b'a ;x="y"\r\n0123456789\r\n00\r\n\r\n',
    "chunk like a last chunk": CHUNKED + b"7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"1\r\n1\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n",
}
# Rejected by gunicorn or by the service without the rest.
REJECTED = {
    "bare newline": b"GET / HTTP/1.1\n",
    "long head": b"GET / HTTP/1.1\r\nX: " + b"x" * 65536,
    "negative chunk": CHUNKED + b"-5\r\n",
    "prefixed chunk": CHUNKED + b"0x5\r\n",
    "long chunk size": CHUNKED + b"1" * 8191,
    "too large body": head_of("/", "Content-Length: 1048577", method="POST"),
    "too large chunks": CHUNKED + b"fffffff\r\n" + b"x" * (1024 * 1024 + 65536),
}


def is_complete(*parts):
    """Receive the parts one after the other; return whether the request is complete."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        request = IncomingRequest(b"", head_seconds=1, body_seconds=1)
        results = []
        for part in parts:
            request.data += part  # as much as a socket pair would not hold
            results.append(request.receive(ours))
    return results[-1]


@pytest.mark.parametrize("name", COMPLETE)
def test_a_request_is_complete_with_its_last_byte(name):
    request = COMPLETE[name]

    for cut in range(1, len(request)):
        assert not is_complete(request[:cut])
        assert is_complete(request[:cut], request[cut:])


@pytest.mark.parametrize("name", REJECTED)
def test_what_will_be_rejected_is_not_awaited(name):
    assert is_complete(REJECTED[name])


def test_the_time_for_a_body_begins_after_the_head():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        request = IncomingRequest(b"", head_seconds=0, body_seconds=1000)
        request.data += COMPLETE["body"][:-1]
        began = time.monotonic()

        assert not request.receive(ours)
        assert request.deadline >= began + 1000


def test_a_closed_connection_is_not_awaited():
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(b"GET / HT")
        theirs.close()
        request = IncomingRequest(b"", head_seconds=1, body_seconds=1)

        assert request.receive(ours)
        assert request.data == b"GET / HT"
