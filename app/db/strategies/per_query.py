"""A connection for each statement."""

from ..config import DatabaseConfig
from ..connection import DriverConnection
from ..connector import Connector
from ..strategy import ConnectionStrategy


class PerQuery(ConnectionStrategy[DriverConnection]):
    """A new connection for each statement, or for each transaction.

    For a script, or a service with one request per minute: no connection can go
    stale, since none is kept. Each use costs a TCP handshake, perhaps a TLS
    handshake, and a login.
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        del config
        self._connect = connect

    def acquire(self) -> DriverConnection:
        return self._connect()

    def release(self, connection: DriverConnection) -> None:
        connection.close()

    def discard(self, connection: DriverConnection) -> None:
        connection.abort()

    def close(self) -> None:
        pass  # nothing is kept
