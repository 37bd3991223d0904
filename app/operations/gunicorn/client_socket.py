"""A client's socket, whose reads and writes in a thread wait only for a limited time.

Most responses fit into the kernel's send buffer, and requests are complete before a thread handles
them. Otherwise the thread waits here: at most half of a worker's threads at the same time, and each
of them for a total time, not for a time since the last byte.
"""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

# Total time in which a thread waits for one client during one request. A response may take longer
# if the client reads at least MIN_BYTES_PER_SECOND on average.
WAIT_SECONDS = 30.0
MIN_BYTES_PER_SECOND = 16 * 1024


class WaitingThreads:
    """Limits how many threads of a worker wait for clients; another one ends the longest wait."""

    def __init__(self, limit: int) -> None:
        self._limit = max(limit, 1)
        self._lock = Lock()
        self._waiting: dict[ClientSocket, None] = {}  # longest first

    @contextmanager
    def waiting(self, client: "ClientSocket") -> Iterator[None]:
        """Count the calling thread as waiting; its connection may be shut down meanwhile."""
        with self._lock:
            if len(self._waiting) >= self._limit:
                oldest = next(iter(self._waiting))
                del self._waiting[oldest]
                oldest.abort()
            self._waiting[client] = None
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(client, None)


class ClientSocket(socket.socket):
    """Waits for its client under the limits of `WaitingThreads`.

    A non-blocking socket behaves as usual. `recv` and `sendall` raise `ConnectionResetError`, which
    gunicorn treats like a client that has closed, when the time is over.
    """

    def __init__(self, accepted: socket.socket, threads: WaitingThreads) -> None:
        """Take over the descriptor of an accepted socket."""
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self._threads = threads
        self.start_request()

    def start_request(self) -> None:
        """Begin to measure the time of the next request and its response."""
        self._waited_seconds = 0.0
        self._sent_bytes = 0

    def abort(self) -> None:
        """End all waiting on this socket."""
        with suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return the next bytes of the client."""
        if flags or self.gettimeout() == 0:
            return super().recv(size, flags)
        try:
            return super().recv(size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            with self._limited_wait(0):
                return super().recv(size)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything."""
        if flags or self.gettimeout() == 0:
            return super().sendall(data, flags)
        view = memoryview(data)
        try:
            sent = self.send(view, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        if sent < len(view):
            with self._limited_wait(len(view)):
                super().sendall(view[sent:])
        self._sent_bytes += len(view)
        return None

    @contextmanager
    def _limited_wait(self, more_bytes: int) -> Iterator[None]:
        transfer_seconds = (self._sent_bytes + more_bytes) / MIN_BYTES_PER_SECOND
        started = time.monotonic()
        try:
            with self._threads.waiting(self):
                # For `sendall`, this is the total time.
                self.settimeout(max(WAIT_SECONDS + transfer_seconds - self._waited_seconds, 0.001))
                yield
                self.setblocking(True)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client was too slow") from None
        finally:
            self._waited_seconds += time.monotonic() - started
