"""Requests as bytes on a socket, for what an HTTP client would refuse to send."""

import socket
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse

TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class RawResponse:
    """A response; `headers` ignores the case of names."""

    status: int
    headers: Message
    body: bytes


def head_of(target, *lines, method="GET", host="localhost"):
    """Return a request head; the lines are further header lines."""
    return "\r\n".join((f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", "")).encode()


def exchange(port, request, *, timeout=TIMEOUT_SECONDS):
    """Send these bytes on a new connection; returns the first response."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(request)
        return read_response(connection, request.partition(b" ")[0].decode("latin-1"))


def read_response(connection, method="GET"):
    """Return the next response on this connection; raises `OSError` or `HTTPException`."""
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        return RawResponse(response.status, response.headers, response.read())
    finally:
        response.close()
