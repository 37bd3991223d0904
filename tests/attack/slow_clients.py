"""Clients that occupy connections: they send or read slowly, or never close."""

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass

TICK_SECONDS = 1.0
CONNECT_SECONDS = 1.0
SMALL_BUFFER_BYTES = 4096

GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v1/tokens/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LARGE = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(frozen=True)
class Behavior:
    """What a slow client sends first, and then once per tick, until it is replaced."""

    opening: bytes
    drip: bytes = b""
    small_buffer: bool = False
    ticks: int = 1_000_000


BEHAVIORS = {
    "slow request lines": Behavior(b"G", drip=b"E"),
    "slow heads": Behavior(GET, drip=b"X: y\r\n"),
    "slow bodies": Behavior(POST + b"Content-Length: 1000\r\n\r\n{", drip=b" "),
    "slow chunks": Behavior(POST + b"Transfer-Encoding: chunked\r\n\r\n", drip=b"1\r\n \r\n"),
    "slow readers": Behavior(LARGE * 6, small_buffer=True),
    "silent clients": Behavior(b""),
    "lingering clients": Behavior(GET + b"Connection: close\r\n\r\n", ticks=15),
    "lingering malformed requests": Behavior(b"B\r\n\r\n", ticks=15),
}


class SlowClient:
    """One connection; it is replaced when the server closes it. `age` is a number of ticks."""

    def __init__(self, port, behavior, age):
        self._port = port
        self._behavior = behavior
        self._age = age
        self._connection = None

    def tick(self):
        """Send the next bytes, or open a new connection."""
        self._age += 1
        if self._connection is not None and (self._age > self._behavior.ticks or not self._drips()):
            self.close()
            self._age = 0
        if self._connection is None:
            with suppress(OSError):
                self._open()

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _drips(self):
        try:
            self._connection.sendall(self._behavior.drip)
        except OSError:
            return False
        return True

    def _open(self):
        self._connection = socket.socket()
        self._connection.settimeout(CONNECT_SECONDS)
        if self._behavior.small_buffer:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        try:
            self._connection.connect(("127.0.0.1", self._port))
            self._connection.sendall(self._behavior.opening)
        except OSError:
            self.close()
            raise


@contextmanager
def slow_clients(port, names, count):
    """Keep this number of clients with these behaviors connected until the end of the block."""
    clients = [
        SlowClient(port, BEHAVIORS[names[number % len(names)]], age=number % 15)
        for number in range(count)
    ]
    ended = threading.Event()

    def run():
        while not ended.is_set():
            for client in clients:
                client.tick()
            ended.wait(TICK_SECONDS)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for client in clients:
            client.close()
