"""One connection a request, as in Flask's own tutorial."""

from app.db.connection import DriverConnection
from app.db.connector import Connector
from app.db.strategies.per_thread import PerThread
from app.settings import Settings


class PerRequest:
    """Opened at a request's first use, kept for its thread, closed when the request ends.

    For modest traffic and servers near by: nothing outlives a request, so
    nothing goes stale between requests. Each request that needs the database
    pays for one connection.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        del settings
        self._connect = connect
        self._slots = PerThread()

    def acquire(self) -> DriverConnection:
        return self._slots.take() or self._connect()

    def release(self, connection: DriverConnection) -> None:
        self._slots.put(connection)

    def discard(self, connection: DriverConnection) -> None:
        connection.abandon()

    def end_request(self) -> None:
        if connection := self._slots.take():
            connection.close()

    def close(self) -> None:
        self._slots.close()
