"""Bounded LIFO pool without any connection check: the baseline for the overhead of `adaptive`.

Use with DB_STRATEGY=bench.no_check:NoCheck.
"""

from threading import BoundedSemaphore

from app.db.config import DatabaseConfig
from app.db.connection import Connection
from app.db.connector import Connector


class NoCheck:
    """Returns the most recently used connection, even if it has been lost."""

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        self._connect = connect
        self._slots = BoundedSemaphore(config.pool_size)
        self._timeout = config.pool_timeout_seconds
        self._idle: list[Connection] = []

    def acquire(self) -> Connection:
        """Return an idle connection, or open one."""
        if not self._slots.acquire(timeout=self._timeout):
            raise TimeoutError("all connections are in use")
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def release(self, connection: Connection) -> None:
        """Keep a connection for reuse."""
        self._idle.append(connection)
        self._slots.release()

    def discard(self, connection: Connection) -> None:
        """Close a connection."""
        connection.abort()
        self._slots.release()

    def close(self) -> None:
        """Close all idle connections."""
        while self._idle:
            self._idle.pop().close()
