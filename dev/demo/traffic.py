"""Clients that send requests at a steady rate to each copy of the service, and count the responses.

Each request looks up a city by name: one SELECT. It uses an HTTP connection of its own, so that no
request waits behind another one in a worker.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from threading import Event

from dev.demo.board import Board

CLIENTS = 2  # for each copy
PAUSE_SECONDS = 0.1  # of a client between two requests
TIMEOUT_SECONDS = 20
PATH = "/?city=London"


class Traffic:
    """The clients of all copies, which send requests until `finish`."""

    def __init__(self, board: Board, copies: int) -> None:
        self._board = board
        self._stop, self._running = Event(), Event()
        self._running.set()
        self._pool = ThreadPoolExecutor(CLIENTS * copies, thread_name_prefix="client")
        self._clients: list[Future[None]] = []

    def finish(self) -> None:
        """Wait until all requests have ended; raise what a client raised."""
        self._stop.set()
        self._running.set()
        self._pool.shutdown()
        for client in self._clients:
            client.result()

    def send_to(self, strategy: str, host: str, port: int) -> None:
        """Start the clients of one copy."""
        for _ in range(CLIENTS):
            self._clients.append(self._pool.submit(self._client, strategy, host, port))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Send nothing until the block ends."""
        self._running.clear()
        try:
            yield
        finally:
            self._running.set()

    def _client(self, strategy: str, host: str, port: int) -> None:
        while self._running.wait() and not self._stop.is_set():
            sent_at = time.monotonic()
            error = request(host, port)
            self._board.count(strategy, time.monotonic() - sent_at, error)
            self._stop.wait(PAUSE_SECONDS)


def request(host: str, port: int) -> str:
    """Send one request; return the error as the client saw it, or an empty text."""
    try:
        with closing(HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)) as connection:
            connection.request("GET", PATH, headers={"Connection": "close"})
            response = connection.getresponse()
            body = response.read()
    except TimeoutError:
        return f"no response within {TIMEOUT_SECONDS} s"
    except (OSError, HTTPException) as error:
        return type(error).__name__
    return "" if response.status == 200 else f"{response.status} {_detail(body)}".strip()


def _detail(body: bytes) -> str:
    """Return the description in a problem (RFC 9457); empty if there is none."""
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, LookupError, TypeError):
        return ""
