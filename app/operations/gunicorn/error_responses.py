"""gunicorn's own error responses as problem+json."""

import json
import socket
from http import HTTPStatus

from gunicorn import util  # type: ignore[import-untyped]


def install() -> None:
    """Replace gunicorn's function for error responses; it has no hook for them.

    `util.write_error` writes every response to a request that gunicorn rejects, and no other.
    """
    util.write_error = write_problem


def write_problem(sock: socket.socket, status: int, _reason: str, detail: str) -> None:
    """Write the response to a request that could not be parsed."""
    title = HTTPStatus(status).phrase
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = json.dumps(problem) + "\n"
    head = (
        f"HTTP/1.1 {status} {title}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
    )
    util.write_nonblock(sock, ("\r\n".join(head) + "\r\n\r\n" + body).encode())
