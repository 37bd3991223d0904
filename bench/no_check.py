"""The pool of `adaptive` with no check at all: what its safety is measured against.

DB_STRATEGY=bench.no_check:NoCheck. A LIFO with a bound, and nothing else.
"""

from threading import BoundedSemaphore

from app.db.connection import Connection
from app.db.connector import Connector
from app.settings import Settings


class NoCheck:
    """Lends the connection that was given back last, whatever has become of it."""

    def __init__(self, connect: Connector, settings: Settings) -> None:
        self._connect = connect
        self._slots = BoundedSemaphore(settings.pool_size)
        self._timeout = settings.db_pool_timeout_seconds
        self._idle: list[Connection] = []

    def acquire(self) -> Connection:
        """Lend one."""
        if not self._slots.acquire(timeout=self._timeout):
            raise TimeoutError("every connection is busy")
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def release(self, connection: Connection) -> None:
        """Take one back."""
        self._idle.append(connection)
        self._slots.release()

    def discard(self, connection: Connection) -> None:
        """Drop one."""
        connection.abort()
        self._slots.release()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()
