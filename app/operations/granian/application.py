"""WSGI middleware that limits how many threads wait for clients, and never sends half a response.

granian receives the head of a request and sends a response without a thread. But a thread waits,
for any length of time, while it reads a body that has not arrived, and while it produces a response
of several parts that the client does not read. A response that fails midway ends as if it were
complete.
"""

import logging
from collections.abc import Iterable, Iterator
from threading import Semaphore
from typing import TYPE_CHECKING, Any

from app.operations.granian.request_body import RequestBody
from app.operations.granian.response import Headers, collected, parts_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

# How long a thread waits for the permission to wait for its client. Most bodies arrive together
# with their head, and are read at once.
PERMISSION_SECONDS = 0.05
# A response up to this size is given to granian as a whole.
WHOLE_BYTES = 64 * 1024


class Application:
    """What a worker of granian with this number of threads calls."""

    def __init__(self, application: "WSGIApplication", threads: int) -> None:
        self._application = application
        self._may_wait = Semaphore(max(threads // 2, 1))
        self._is_draining = False

    def drain(self) -> None:
        """Close each connection after its next response."""
        self._is_draining = True

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle one request."""
        if environ.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" in environ:
            body = RequestBody(environ["wsgi.input"], self._may_wait, PERMISSION_SECONDS)
            environ["wsgi.input"] = body
        started: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, _exc_info: Any = None) -> Any:
            started.append((status, headers))

        chunks = self._application(environ, start)
        status, headers, length, parts = collected(
            *started[-1], parts_of(chunks), is_head=environ["REQUEST_METHOD"] == "HEAD"
        )
        if self._is_draining:
            headers = [*headers, ("Connection", "close")]
        start_response(status, headers)
        return [b"".join(parts)] if length <= WHOLE_BYTES else self._send(parts)

    def _send(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the parts. granian waits for the client before it asks for the third."""
        for part in parts:
            yield part
            break
        if not self._may_wait.acquire(timeout=PERMISSION_SECONDS):
            log.warning("a response was cut off, because too many clients read slowly")
            return  # shorter than its Content-Length, so granian closes the connection
        try:
            yield from parts
        finally:
            self._may_wait.release()
