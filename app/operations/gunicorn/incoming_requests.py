"""Requests that have not arrived completely: kept by the main thread instead of by a thread each.

A thread handles a request only when all of it has arrived, so slow clients occupy no thread. Their
number, their memory and their time are limited.
"""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from app.operations.gunicorn.incoming_request import IncomingRequest

# For all incomplete requests of a worker together.
MAX_BYTES = 16 * 1024 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(Protocol):
    """What is used of gunicorn's `TConn`."""

    sock: Any
    parser: Any


class IncomingRequests:
    """The incomplete requests of one worker; used by its main thread only.

    `watch` and `unwatch` add a socket to the event loop and remove it. `handle` gets a connection
    whose request is complete; `reject` one to be closed, and whether it has sent any data.
    """

    def __init__(
        self,
        watch: Callable[[Any, Callable[[object], None]], None],
        unwatch: Callable[[Any], None],
        handle: Callable[[Any], None],
        reject: Callable[[Any, bool], None],
    ) -> None:
        self._watch, self._unwatch = watch, unwatch
        self._handle, self._reject = handle, reject
        self._requests: dict[Connection, IncomingRequest] = {}  # oldest first
        self._next_check = 0.0

    def collect(
        self, conn: Connection, head_seconds: float, body_seconds: float, at_most: int
    ) -> None:
        """Handle the next request of the connection when it is complete.

        If there would be more than `at_most` incomplete requests, the oldest is rejected.
        """
        data = conn.parser.unreader.take_buffered()
        request = IncomingRequest(data, head_seconds, body_seconds)
        if request.receive(conn.sock):
            self._complete(conn, request)
            return
        if len(self._requests) >= at_most:
            self._end(next(iter(self._requests)))
        self._continue(conn, request)
        self._requests[conn] = request
        self._watch(conn.sock, lambda _: self._readable(conn))

    def reject_expired(self) -> None:
        """Reject the requests whose deadline has passed; looks at them once per second."""
        now = time.monotonic()
        if self._requests and now >= self._next_check:
            self._next_check = now + 1
            for conn in [one for one, it in self._requests.items() if it.deadline <= now]:
                self._end(conn)

    def _readable(self, conn: Connection) -> None:
        request = self._requests.get(conn)
        if not request:  # rejected during the same round of events
            return
        if request.receive(conn.sock):
            del self._requests[conn]
            self._unwatch(conn.sock)
            self._complete(conn, request)
        else:
            self._continue(conn, request)
            self._limit_memory()

    def _complete(self, conn: Connection, request: IncomingRequest) -> None:
        if request.data:
            conn.parser.unreader.unread(bytes(request.data))
            self._handle(conn)
        else:  # the client has closed the connection
            self._reject(conn, False)

    def _continue(self, conn: Connection, request: IncomingRequest) -> None:
        if request.must_continue():
            with suppress(OSError):
                conn.sock.send(CONTINUE, socket.MSG_DONTWAIT)

    def _limit_memory(self) -> None:
        if sum(len(request.data) for request in self._requests.values()) > MAX_BYTES:
            self._end(max(self._requests, key=lambda conn: len(self._requests[conn].data)))

    def _end(self, conn: Connection) -> None:
        request = self._requests.pop(conn)
        self._unwatch(conn.sock)
        self._reject(conn, bool(request.data))
