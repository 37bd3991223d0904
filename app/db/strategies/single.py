"""One global connection: the broken original, kept as the control."""

from app.db.connection import Connection
from app.db.connector import Connector
from app.settings import Settings


class Single:
    """One connection for all threads, with a retry around `cursor()`.

    Never choose it. It is the program from which this project started: after
    `wait_timeout`, a restart or a KILL every request fails until the process
    is restarted, and two threads at once garble each other's answers. It stays
    because a test that `single` passes proves nothing.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        del settings
        self._connect = connect
        self._connection: Connection | None = None

    def acquire(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        try:
            # The retry never helps: cursor() does not touch the network.
            self._connection.cursor()
        except self._connect.dbapi.Error:
            self._connection = self._connect()
        return self._connection

    def release(self, connection: Connection) -> None:
        pass

    def discard(self, connection: Connection) -> None:
        pass  # the original had no thought of replacing it

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
