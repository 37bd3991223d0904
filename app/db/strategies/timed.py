"""A connection for each thread, replaced by age."""

from ..clock import now
from ..config import DatabaseConfig
from ..connection import DriverConnection
from ..connector import Connector
from ..strategy import ConnectionStrategy
from .per_thread import PerThread


class Timed(ConnectionStrategy[DriverConnection]):
    """One connection for each thread, replaced at a use if older than `recycle_seconds`.

    For a server whose `wait_timeout` is known and a network without firewalls:
    cheap, and unaware of every other way in which a connection ends.
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        self._connect = connect
        self._recycle_seconds = config.recycle_seconds
        self._slots = PerThread()

    def acquire(self) -> DriverConnection:
        connection = self._slots.take()
        if connection is not None and self._is_expired(connection):
            connection.close()
            connection = None
        return connection or self._connect()

    def release(self, connection: DriverConnection) -> None:
        self._slots.put(connection)

    def discard(self, connection: DriverConnection) -> None:
        connection.abort()

    def close(self) -> None:
        self._slots.close()

    def _is_expired(self, connection: DriverConnection) -> bool:
        age_seconds = now() - connection.opened_at
        return bool(self._recycle_seconds) and age_seconds > self._recycle_seconds
