"""One connection a thread, replaced by age."""

from app.db.clock import now
from app.db.connection import DriverConnection
from app.db.connector import Connector
from app.db.strategies.per_thread import PerThread
from app.settings import Settings


class Timed:
    """One connection a thread, replaced at its next use when older than DB_RECYCLE_SECONDS.

    For a server whose `wait_timeout` you know and a network that you trust:
    cheap, and blind to every other way in which a connection dies.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        self._connect = connect
        self._recycle_seconds = settings.db_recycle_seconds
        self._slots = PerThread()

    def acquire(self) -> DriverConnection:
        connection = self._slots.take()
        if connection is not None and self._is_old(connection):
            connection.close()
            connection = None
        return connection or self._connect()

    def release(self, connection: DriverConnection) -> None:
        self._slots.put(connection)

    def discard(self, connection: DriverConnection) -> None:
        connection.abandon()

    def close(self) -> None:
        self._slots.close()

    def _is_old(self, connection: DriverConnection) -> bool:
        age_seconds = now() - connection.opened_at
        return bool(self._recycle_seconds) and age_seconds > self._recycle_seconds
