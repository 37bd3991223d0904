"""A bounded shared pool, by DBUtils."""

from threading import BoundedSemaphore

from dbutils.pooled_db import PooledDB, PooledDedicatedDBConnection

from ..config import DatabaseConfig
from ..connector import Connector
from ..strategy import ConnectionStrategy


class Pooled(ConnectionStrategy[PooledDedicatedDBConnection]):
    """DBUtils `PooledDB`: at most `pool_size` connections, shared by all threads.

    For a web server: the number of connections is known in advance, and a
    caller waits at most `pool_timeout_seconds` for one. Pings before each use
    while holding the pool's lock: one TCP connection dropped by a firewall
    blocks every thread.
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        # The semaphore bounds both the number and the wait: PooledDB's own
        # blocking mode would wait for ever.
        self._slots = BoundedSemaphore(config.pool_size)
        self._wait_seconds = config.pool_timeout_seconds
        # reset=False: Database has already ended the transaction; a ROLLBACK at
        # every checkin would be a round trip without effect.
        self._pool = PooledDB(connect, maxcached=config.pool_size, reset=False)

    def acquire(self) -> PooledDedicatedDBConnection:
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise TimeoutError(
                f"every pooled connection stayed in use for {self._wait_seconds:g} s"
            )
        try:
            return self._pool.dedicated_connection()
        except BaseException:
            self._slots.release()
            raise

    def release(self, connection: PooledDedicatedDBConnection) -> None:
        try:
            connection.close()  # back into the pool
        finally:
            self._slots.release()

    def discard(self, connection: PooledDedicatedDBConnection) -> None:
        connection.dbapi_connection.abort()
        connection.cancel()  # otherwise close() opens another one to send ROLLBACK
        # Returned to the pool too: PooledDB has no other way to free a slot. Its
        # ping finds the connection closed and opens another one.
        self.release(connection)

    def close(self) -> None:
        self._pool.close()
