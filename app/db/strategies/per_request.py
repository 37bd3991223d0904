"""A connection for each request, as in Flask's own tutorial."""

from ..config import DatabaseConfig
from ..connection import DriverConnection
from ..connector import Connector
from ..strategy import ConnectionStrategy
from .per_thread import PerThread


class PerRequest(ConnectionStrategy[DriverConnection]):
    """Opened at a request's first use, kept for its thread, closed when the request ends.

    For moderate traffic and a server close by: no connection outlives a request,
    so none goes stale between requests. Each request that uses the database
    opens one connection.
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        del config
        self._connect = connect
        self._slots = PerThread()

    def acquire(self) -> DriverConnection:
        return self._slots.take() or self._connect()

    def release(self, connection: DriverConnection) -> None:
        self._slots.put(connection)

    def discard(self, connection: DriverConnection) -> None:
        connection.abort()

    def end_request(self) -> None:
        if connection := self._slots.take():
            connection.close()

    def close(self) -> None:
        self._slots.close()
