"""A bounded shared pool, by DBUtils."""

from threading import BoundedSemaphore

from dbutils.pooled_db import PooledDB, PooledDedicatedDBConnection

from app.db.connector import Connector
from app.settings import Settings


class Pooled:
    """DBUtils `PooledDB`: at most DB_POOL_SIZE connections, shared by all threads.

    For a web server: the number of connections is known in advance, and a
    caller waits at most DB_POOL_TIMEOUT_SECONDS for one. Pings before each
    use, and does so while it holds the pool's lock: one flow that a firewall
    forgot stops every thread.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        # The semaphore bounds both the number and the wait: PooledDB's own
        # blocking mode would wait for ever.
        self._slots = BoundedSemaphore(settings.pool_size)
        self._wait_seconds = settings.db_pool_timeout_seconds
        # reset=False: Database has ended the transaction already, a ROLLBACK
        # at every return would be a round trip for nothing.
        self._pool = PooledDB(connect, maxcached=settings.pool_size, reset=False)

    def acquire(self) -> PooledDedicatedDBConnection:
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise TimeoutError(f"every pooled connection stayed busy for {self._wait_seconds:g} s")
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
        connection.dbapi_connection.abandon()
        # Back into the pool as well: PooledDB knows no other way to give up a
        # place. Its ping finds it closed and opens another one.
        self.release(connection)

    def close(self) -> None:
        self._pool.close()
