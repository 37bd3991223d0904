"""Closes connections without waiting for the client (RFC 9112, section 9.6).

If a connection is closed while data from the client are unread, the kernel sends a reset, which may
destroy the response. So the server first ends its own direction, then reads until the client closes
too. gunicorn does that in the thread that accepts connections, which stops for up to two seconds
for each client that does not close.
"""

import socket
import time
from collections.abc import Callable, Iterator

LINGER_SECONDS = 2.0
MAX_DISCARDED_BYTES = 64 * 1024
# Enough for a busy service, and small compared to `worker_connections` (1,000).
MAX_LINGERING = 100


class LingeringConnection:
    """A connection whose own direction has ended; closed by its client or at its deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline = time.monotonic() + LINGER_SECONDS
        self._discarded = 0

    def start(self) -> bool:
        """End the own direction; return whether the client has not closed yet."""
        try:
            self.sock.setblocking(False)
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def discard(self) -> bool:
        """Discard what has arrived; return whether the client may still send more."""
        try:
            data = self.sock.recv(MAX_DISCARDED_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._discarded += len(data)
        return bool(data) and self._discarded < MAX_DISCARDED_BYTES


class LingeringConnections:
    """The connections that one worker is closing; used by its main thread only.

    `watch` and `unwatch` add a socket to the worker's event loop and remove it; `closed` is called
    after each close.
    """

    def __init__(
        self,
        watch: Callable[[socket.socket, Callable[[object], None]], None],
        unwatch: Callable[[socket.socket], None],
        closed: Callable[[], None],
    ) -> None:
        self._watch, self._unwatch, self._closed = watch, unwatch, closed
        self._connections: dict[socket.socket, LingeringConnection] = {}  # oldest first

    def close(self, sock: socket.socket) -> None:
        """Close the socket as soon as its client has closed, or at the deadline."""
        connection = LingeringConnection(sock)
        if not connection.start():
            self._finish(sock)
            return
        if len(self._connections) >= MAX_LINGERING:
            self._end(next(iter(self._connections)))
        self._connections[sock] = connection
        self._watch(sock, lambda _: self._readable(connection))

    def close_expired(self) -> None:
        """Close the connections whose deadline has passed."""
        if self._connections:
            now = time.monotonic()
            for sock in list(self._expired(now)):
                self._end(sock)

    def _expired(self, now: float) -> Iterator[socket.socket]:
        for connection in self._connections.values():
            if connection.deadline > now:
                return
            yield connection.sock

    def _readable(self, connection: LingeringConnection) -> None:
        if not connection.discard():
            self._end(connection.sock)

    def _end(self, sock: socket.socket) -> None:
        if self._connections.pop(sock, None):  # else it ended during the same round of events
            self._unwatch(sock)
            self._finish(sock)

    def _finish(self, sock: socket.socket) -> None:
        sock.close()
        self._closed()
