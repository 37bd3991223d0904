"""A connection for each thread, by DBUtils."""

from threading import local

from dbutils.persistent_db import PersistentDB
from dbutils.steady_db import SteadyDBConnection

from ..config import DatabaseConfig
from ..connector import Connector
from ..strategy import ConnectionStrategy
from .per_thread import Idle


class Persistent(ConnectionStrategy[SteadyDBConnection]):
    """DBUtils `PersistentDB`: one connection for each thread, pinged before each use.

    For a fixed number of long-lived threads. Costs a round trip before each
    use; on a TCP connection dropped by a firewall that ping blocks.
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        del config
        # closeable: otherwise close() does nothing, and a discarded connection
        # would be used again.
        self._per_thread = PersistentDB(connect, closeable=True, threadlocal=local)
        self._idle = Idle[SteadyDBConnection]()

    def acquire(self) -> SteadyDBConnection:
        connection = self._per_thread.connection()
        self._idle.remove(connection)
        return connection

    def release(self, connection: SteadyDBConnection) -> None:
        self._idle.add(connection)

    def discard(self, connection: SteadyDBConnection) -> None:
        connection.dbapi_connection.abort()
        connection.close()  # PersistentDB opens a new one at the next use
        # Otherwise a failed begin() counts as an open transaction, in which it never reconnects.
        connection.cancel()

    def close(self) -> None:
        self._idle.close()
