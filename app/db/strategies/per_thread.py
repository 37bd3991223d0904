"""What the strategies with one connection a thread have in common."""

import threading
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from app.db.connection import DriverConnection

C = TypeVar("C", bound=Any)


class Idle(Generic[C]):
    """The idle connections of all threads, so that they can be closed.

    Weakly: when a thread ends, its connection goes with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: WeakSet[C] = WeakSet()

    def add(self, connection: C) -> None:
        with self._lock:
            self._connections.add(connection)

    def remove(self, connection: C) -> None:
        with self._lock:
            self._connections.discard(connection)

    def close(self) -> None:
        with self._lock:
            connections = list(self._connections)
            self._connections.clear()
        for connection in connections:
            connection.close()


class PerThread:
    """One slot a thread."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._idle = Idle[DriverConnection]()

    def take(self) -> DriverConnection | None:
        """Take this thread's connection out of its slot."""
        connection: DriverConnection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            self._idle.remove(connection)
        return connection

    def put(self, connection: DriverConnection) -> None:
        """Put a connection into this thread's slot."""
        self._local.connection = connection
        self._idle.add(connection)

    def close(self) -> None:
        """Close the connections in all threads' slots."""
        self._idle.close()
