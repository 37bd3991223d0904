"""What the strategies with one connection for each thread share."""

import threading
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from ..connection import DriverConnection

C = TypeVar("C", bound=Any)


class Idle(Generic[C]):
    """The idle connections of all threads, so that they can be closed.

    By weak references: when a thread ends, its connection is closed.
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
    """One slot for each thread."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._idle = Idle[DriverConnection]()

    def take(self) -> DriverConnection | None:
        """Remove and return this thread's connection."""
        connection: DriverConnection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            self._idle.remove(connection)
        return connection

    def put(self, connection: DriverConnection) -> None:
        """Store a connection for this thread."""
        self._local.connection = connection
        self._idle.add(connection)

    def close(self) -> None:
        """Close the connections of all threads."""
        self._idle.close()
