"""One global connection: the broken original, kept as the control."""

from ..config import DatabaseConfig
from ..connection import Connection
from ..connector import Connector
from ..strategy import ConnectionStrategy


class Single(ConnectionStrategy[Connection]):
    """One connection for all threads, with a retry around `cursor()`.

    Never use it. It is the code this project started from: after `wait_timeout`,
    a restart or a KILL every request fails until the process is restarted, and
    two threads mix up each other's responses. It is kept as the control: a test
    that `single` passes proves nothing.
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        del config
        self._connect = connect
        self._connection: Connection | None = None

    def acquire(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        try:
            # The retry never helps: cursor() does not use the network.
            self._connection.cursor()
        except self._connect.dbapi.Error:
            self._connection = self._connect()
        return self._connection

    def release(self, connection: Connection) -> None:
        pass

    def discard(self, connection: Connection) -> None:
        pass  # the original never replaces it

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
