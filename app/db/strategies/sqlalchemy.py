"""SQLAlchemy's `QueuePool`, without its ORM."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import TimeoutError as QueuePoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection

from app.db.connector import Connector
from app.settings import Settings

DIALECTS = {"pymysql": "mysql+pymysql://", "mysqlclient": "mysql+mysqldb://"}


class SQLAlchemyPool:
    """At most DB_POOL_SIZE connections in SQLAlchemy's pool.

    For whoever has SQLAlchemy already. `pool_recycle` (DB_RECYCLE_SECONDS)
    replaces by age, `pool_pre_ping` (DB_PRE_PING) asks before each use; each
    can be had alone, and with neither it goes stale.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        self._engine = make_engine(connect, settings)

    def acquire(self) -> PoolProxiedConnection:
        try:
            return self._engine.raw_connection()
        except QueuePoolTimeoutError as error:
            raise TimeoutError(str(error)) from error

    def release(self, connection: PoolProxiedConnection) -> None:
        connection.close()  # back into the pool

    def discard(self, connection: PoolProxiedConnection) -> None:
        abandon(connection)

    def close(self) -> None:
        self._engine.dispose()


def make_engine(connect: Connector, settings: Settings) -> Engine:
    """Build the engine that both SQLAlchemy strategies stand on; it connects to nothing."""
    return create_engine(
        DIALECTS[settings.db_driver],
        creator=connect,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.db_pool_timeout_seconds,
        pool_recycle=settings.db_recycle_seconds or -1,
        pool_pre_ping=settings.db_pre_ping,
        # Database has ended the transaction already.
        pool_reset_on_return=None,
    )


def abandon(connection: PoolProxiedConnection) -> None:
    """Reset the flow and have the pool forget the connection."""
    if connection.dbapi_connection is not None:
        connection.dbapi_connection.abandon()
    connection.invalidate()
    connection.close()
