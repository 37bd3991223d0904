"""Requests as bytes on a socket, for what an HTTP client would refuse to send."""

import socket
import ssl
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse

TIMEOUT_SECONDS = 20
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE


@dataclass(frozen=True)
class RawResponse:
    """A response; `headers` ignores the case of names."""

    status: int
    headers: Message
    body: bytes


def head_of(target, *lines, method="GET", host="localhost"):
    """Return a request head; the lines are further header lines."""
    return "\r\n".join((f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", "")).encode()


def connect(port, *, timeout=TIMEOUT_SECONDS, tls=False, receive_buffer=None):
    """Open a connection to this machine; with `tls`, the certificate is not verified."""
    connection = socket.socket()
    try:
        connection.settimeout(timeout)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(("127.0.0.1", port))
        return TLS.wrap_socket(connection) if tls else connection
    except BaseException:
        connection.close()
        raise


def exchange(port, request, *, timeout=TIMEOUT_SECONDS, tls=False):
    """Send these bytes on a new connection; returns the first response."""
    with connect(port, timeout=timeout, tls=tls) as connection:
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
