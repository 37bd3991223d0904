"""The body of a request, read by a limited number of threads at the same time."""

from threading import Semaphore
from typing import IO

from app.http.problems import Problem


class RequestBody:
    """A body; `read` raises a `Problem` (503) if too many threads are waiting for their clients.

    granian can neither read a body before a thread handles the request, nor limit the time in
    which it arrives.
    """

    def __init__(self, stream: IO[bytes], may_wait: Semaphore, permission_seconds: float) -> None:
        self._stream = stream
        self._may_wait = may_wait
        self._permission_seconds = permission_seconds

    def read(self, size: int | None = None) -> bytes:
        """Return up to this number of bytes; all that are left if it is None."""
        if not self._may_wait.acquire(timeout=self._permission_seconds):
            detail = "Too many clients send their requests slowly."
            raise Problem(503, detail, kind="busy", headers=[("Retry-After", "1")])
        try:
            return self._stream.read() if size is None else self._stream.read(size)
        finally:
            self._may_wait.release()
