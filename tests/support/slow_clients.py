"""Clients that hold connections open, and probes that show whether others are still served.

with SlowClients(port, "heads", count=60):
    results = probe(port, seconds=5)
assert failed(results) == []
"""

import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from threading import Event, Thread

import pytest

from tests.support.raw_http import connect, exchange, head_of

TICK_SECONDS = 0.5
GENERATIONS = 6  # for which connections of a kind with `again` stay open: three seconds
PROBE_TIMEOUT_SECONDS = 5
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
PAGE = "/docs/swagger-ui-bundle.js"  # more than 1 MB
REFRESH = "/v1/tokens/refresh"
JSON = "Content-Type: application/json"


@dataclass(frozen=True)
class Kind:
    """What a slow client sends: once, and then at each tick; it never reads.

    With `again`, the client leaves its connection open and opens another one at each tick.
    """

    start: bytes
    tick: bytes = b""
    again: bool = False
    receive_buffer: int | None = None


KINDS = {
    "idle": Kind(b""),
    "request lines": Kind(b"G", b"E"),
    "heads": Kind(b"GET /livez HTTP/1.1\r\nHost: h\r\n", b"X: y\r\n"),
    "bodies": Kind(head_of(REFRESH, JSON, "Content-Length: 1000", method="POST") + b"{", b" "),
    "large bodies": Kind(
        head_of(REFRESH, JSON, "Content-Length: 900000", method="POST") + b" " * 100_000, b" "
    ),
    "chunked bodies": Kind(
        head_of(REFRESH, JSON, "Transfer-Encoding: chunked", method="POST") + b"1\r\n{\r\n",
        b"1\r\n \r\n",
    ),
    "unread bodies": Kind(head_of("/none", "Content-Length: 100000", method="POST"), b"x"),
    "expecting bodies": Kind(
        head_of(REFRESH, JSON, "Content-Length: 1000", "Expect: 100-continue", method="POST"), b" "
    ),
    "readers": Kind(head_of(PAGE) * 6, receive_buffer=4096),
    "lingering": Kind(head_of("/livez", "Connection: close"), again=True),
    "malformed": Kind(b"B\r\n\r\n", again=True),
}

# One kind for each stage of a request; the tests of the others are nightly.
FIRST_KINDS = ("heads", "large bodies", "readers", "lingering")


def kinds(first=FIRST_KINDS):
    """Return all kinds as parameters of a test, marked as nightly except for these."""
    nightly = pytest.mark.nightly
    return [pytest.param(kind, marks=() if kind in first else nightly) for kind in KINDS]


class SlowClients:
    """`count` clients of one kind, each replaced when the server closes its connection.

    `opened` and `closed_by_server` count connections.
    """

    def __init__(self, port, kind, count, *, tls=False):
        self.port, self.kind, self.count, self.tls = port, KINDS[kind], count, tls
        self.opened = self.closed_by_server = 0
        self._connections = []
        self._stop = Event()
        self._thread = Thread(target=self._run)

    def __enter__(self):
        self._refill()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        for connection in self._connections:
            connection.close()

    def _run(self):
        while not self._stop.wait(TICK_SECONDS):
            if self.kind.again:
                kept = self.count * GENERATIONS
                for connection in self._connections[:-kept]:
                    connection.close()
                self._connections = self._connections[-kept:]
                for _ in range(self.count):
                    self._open()
            else:
                self._connections = [one for one in self._connections if self._tick(one)]
                self._refill()

    def _refill(self):
        while len(self._connections) < self.count and not self._stop.is_set():
            if not self._open():
                return

    def _open(self):
        connection = None
        try:
            connection = connect(
                self.port, timeout=2, tls=self.tls, receive_buffer=self.kind.receive_buffer
            )
            connection.sendall(self.kind.start)
        except OSError:
            if connection:
                connection.close()
            return False
        connection.setblocking(False)
        self._connections.append(connection)
        self.opened += 1
        return True

    def _tick(self, connection):
        """Send the next bytes; return whether the connection is still open."""
        try:
            with suppress(*WOULD_BLOCK):
                connection.sendall(self.kind.tick)
            with suppress(*WOULD_BLOCK):
                if self.kind.receive_buffer is None and connection.recv(65536) == b"":
                    raise ConnectionError
        except OSError:
            connection.close()
            self.closed_by_server += 1
            return False
        return True


@dataclass(frozen=True)
class Probe:
    """One request of another client; `status` is the name of the exception if it failed."""

    status: int | str
    seconds: float


def probe(port, seconds, *, path="/livez", interval=0.05, tls=False):
    """Send requests on new connections, one after the other, for a time; return the results."""
    results, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.monotonic()
        try:
            head = head_of(path, "Connection: close")
            status = exchange(port, head, timeout=PROBE_TIMEOUT_SECONDS, tls=tls).status
        except (OSError, HTTPException) as error:
            status = type(error).__name__
        results.append(Probe(status, time.monotonic() - started))
        time.sleep(interval)
    return results


def failed(results):
    """Return the probes without status 200."""
    return [result for result in results if result.status != 200]


def slowest(results, share=1.0):
    """Return the duration in seconds that this share of the probes did not exceed."""
    durations = sorted(result.seconds for result in results)
    return durations[max(0, int(len(durations) * share) - 1)]
