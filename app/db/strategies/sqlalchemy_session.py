"""SQLAlchemy's `scoped_session`, removed when the request ends."""

from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as QueuePoolTimeoutError
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import PoolProxiedConnection

from ..config import DatabaseConfig
from ..connector import Connector
from ..strategy import ConnectionStrategy
from .sqlalchemy import abort, make_engine


class SQLAlchemySession(ConnectionStrategy[PoolProxiedConnection]):
    """One session for each thread, which keeps its connection until the request ends.

    For code written around a global session. It depends on `end_request`: a
    session that is not removed keeps its connection, which the pool then
    neither pings nor recycles.
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        self._engine = make_engine(connect, config)
        self._sessions = scoped_session(sessionmaker(self._engine))

    def acquire(self) -> Any:
        try:
            return self._sessions().connection().connection
        except QueuePoolTimeoutError as error:
            self._sessions.remove()
            raise TimeoutError(str(error)) from error
        except DBAPIError as error:  # a session wraps the driver's error
            self._sessions.remove()
            raise error.orig or error from None

    def release(self, connection: PoolProxiedConnection) -> None:
        pass  # the session keeps it until the request ends

    def discard(self, connection: PoolProxiedConnection) -> None:
        abort(connection)
        self._sessions.remove()

    def end_request(self) -> None:
        self._sessions.remove()

    def close(self) -> None:
        self._engine.dispose()
