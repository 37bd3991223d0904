"""What the strategies with one connection a thread have in common."""

import threading

from app.db.connection import DriverConnection


class PerThread:
    """One slot a thread, and a list of all slots so that they can be closed."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._idle: set[DriverConnection] = set()  # add and remove are atomic

    def take(self) -> DriverConnection | None:
        """Take this thread's connection out of its slot."""
        connection: DriverConnection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            self._idle.discard(connection)
        return connection

    def put(self, connection: DriverConnection) -> None:
        """Put a connection into this thread's slot."""
        self._local.connection = connection
        self._idle.add(connection)

    def close(self) -> None:
        """Close the connections in all threads' slots."""
        while self._idle:
            self._idle.pop().close()
