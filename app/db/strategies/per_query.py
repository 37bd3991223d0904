"""Open, execute, close."""

from app.db.connection import DriverConnection
from app.db.connector import Connector
from app.settings import Settings


class PerQuery:
    """A new connection for each statement, or for each transaction.

    For a script or a service with a request a minute: nothing can go stale,
    since nothing is kept. It pays for a connection each time: a TCP and maybe
    a TLS handshake, and a login.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        del settings
        self._connect = connect

    def acquire(self) -> DriverConnection:
        return self._connect()

    def release(self, connection: DriverConnection) -> None:
        connection.close()

    def discard(self, connection: DriverConnection) -> None:
        connection.abandon()

    def close(self) -> None:
        pass  # nothing is kept
