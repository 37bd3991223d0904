"""SQLAlchemy's `scoped_session`, removed when the request ends."""

from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as QueuePoolTimeoutError
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import PoolProxiedConnection

from app.db.connector import Connector
from app.db.strategies.sqlalchemy import abandon, make_engine
from app.settings import Settings


class SQLAlchemySession:
    """One session a thread, which holds its connection until the request ends.

    For code that is written around a global session. Everything hangs on
    `end_request`: a session that is not removed keeps its connection, and no
    ping or recycling of the pool ever sees it again.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        self._engine = make_engine(connect, settings)
        self._sessions = scoped_session(sessionmaker(self._engine))

    def acquire(self) -> Any:
        try:
            return self._sessions().connection().connection
        except QueuePoolTimeoutError as error:
            self._sessions.remove()
            raise TimeoutError(str(error)) from error
        except DBAPIError as error:  # a session wraps what the driver raised
            self._sessions.remove()
            raise error.orig or error from None

    def release(self, connection: PoolProxiedConnection) -> None:
        pass  # the session keeps it until the request ends

    def discard(self, connection: PoolProxiedConnection) -> None:
        abandon(connection)
        self._sessions.remove()

    def end_request(self) -> None:
        self._sessions.remove()

    def close(self) -> None:
        self._engine.dispose()
