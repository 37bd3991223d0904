"""One connection a thread, by DBUtils."""

from threading import local

from dbutils.persistent_db import PersistentDB
from dbutils.steady_db import SteadyDBConnection

from app.db.connector import Connector
from app.db.strategies.per_thread import Idle
from app.settings import Settings


class Persistent:
    """DBUtils `PersistentDB`: one connection a thread, pinged before each use.

    For a fixed number of long-lived threads. Costs a round trip before each
    use; a flow that a firewall forgot blocks in that ping.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        del settings
        # closeable: otherwise close() does nothing and a connection that was
        # discarded would come back.
        self._per_thread = PersistentDB(connect, closeable=True, threadlocal=local)
        self._idle = Idle[SteadyDBConnection]()

    def acquire(self) -> SteadyDBConnection:
        connection = self._per_thread.connection()
        self._idle.remove(connection)
        return connection

    def release(self, connection: SteadyDBConnection) -> None:
        self._idle.add(connection)

    def discard(self, connection: SteadyDBConnection) -> None:
        connection.dbapi_connection.abandon()
        connection.close()  # PersistentDB opens a new one at the next use
        # Else a begin() that failed would count as an open transaction, in which it never does.
        connection.cancel()

    def close(self) -> None:
        self._idle.close()
