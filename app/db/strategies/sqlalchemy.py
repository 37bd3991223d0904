"""SQLAlchemy's `QueuePool`, without its ORM."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import TimeoutError as QueuePoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection

from ..config import DatabaseConfig
from ..connector import Connector
from ..strategy import ConnectionStrategy

DIALECTS = {"pymysql": "mysql+pymysql://", "mysqlclient": "mysql+mysqldb://"}


class SQLAlchemyPool(ConnectionStrategy[PoolProxiedConnection]):
    """At most `pool_size` connections in SQLAlchemy's pool.

    For projects that use SQLAlchemy. `pool_recycle` (`recycle_seconds`) replaces
    by age, `pool_pre_ping` (`pre_ping`) pings before each use; each can be used
    alone, and with neither connections go stale.
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        self._engine = make_engine(connect, config)

    def acquire(self) -> PoolProxiedConnection:
        try:
            return self._engine.raw_connection()
        except QueuePoolTimeoutError as error:
            raise TimeoutError(str(error)) from error

    def release(self, connection: PoolProxiedConnection) -> None:
        connection.close()  # back into the pool

    def discard(self, connection: PoolProxiedConnection) -> None:
        abort(connection)

    def close(self) -> None:
        self._engine.dispose()


def make_engine(connect: Connector, config: DatabaseConfig) -> Engine:
    """Create the engine of both SQLAlchemy strategies; it connects to nothing."""
    return create_engine(
        DIALECTS[config.driver],
        creator=connect,
        pool_size=config.pool_size,
        max_overflow=0,
        pool_timeout=config.pool_timeout_seconds,
        pool_recycle=config.recycle_seconds or -1,
        pool_pre_ping=config.pre_ping,
        # Database has already ended the transaction.
        pool_reset_on_return=None,
    )


def abort(connection: PoolProxiedConnection) -> None:
    """Reset the connection and remove it from the pool."""
    if connection.dbapi_connection is not None:
        connection.dbapi_connection.abort()
    connection.invalidate()
    connection.close()
