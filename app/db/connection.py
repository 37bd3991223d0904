"""What a connection offers, whichever driver made it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

from .clock import now
from .transport import Transport


class Cursor(Protocol):
    """A PEP 249 cursor."""

    @property
    def description(self) -> Any: ...
    @property
    def rowcount(self) -> int: ...
    @property
    def lastrowid(self) -> int: ...
    def execute(self, sql: str, params: Any = None) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...
    def close(self) -> None: ...


class Connection(Protocol):
    """A PEP 249 connection in autocommit mode; `begin` opens a transaction."""

    def cursor(self) -> Cursor: ...
    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...


class DriverConnection(Connection, Protocol):
    """What `Connector` returns: a PEP 249 connection that knows its socket."""

    transport: Transport
    opened_at: float

    def ping(self) -> Any: ...
    def thread_id(self) -> int: ...
    def get_server_info(self) -> str: ...
    def abort(self) -> None: ...
    def response_deadline(self, seconds: float) -> AbstractContextManager[None]: ...
    def has_unread_response(self) -> bool: ...
    def left_open(self) -> str: ...
    def reset_session(self) -> None: ...


class TransportMixin:
    """What is the same for all drivers; to be inherited before the driver's class."""

    transport: Transport
    opened_at: float

    def attach_transport(self, descriptor: int) -> None:
        """Take over the socket with this descriptor."""
        self.transport = Transport(descriptor)
        self.opened_at = now()

    def close(self) -> None:
        """Send COM_QUIT and close; never raises, even if the connection is dead."""
        with suppress(Exception):
            self.transport.close_gracefully()
        with suppress(Exception):
            super().close()  # type: ignore[misc]

    def abort(self) -> None:
        """Reset the connection without COM_QUIT; data not delivered yet are dropped."""
        with suppress(Exception):
            self.transport.detach()
        with suppress(Exception):
            super().close()  # type: ignore[misc]


def transport_of(connection: Connection) -> Transport | None:
    """Return the transport; a user's own strategy may check out connections without one."""
    found: Transport | None = getattr(connection, "transport", None)
    return found


def driver_connection(connection: Connection) -> Connection:
    """Return the driver's own connection, which DBUtils and SQLAlchemy wrap.

    DBUtils' cursors repeat a statement that failed outside a transaction, and open a new connection
    for one that failed in a transaction.
    """
    found: Connection = getattr(connection, "dbapi_connection", connection)
    return found


def has_unread_response(connection: Connection) -> bool:
    """Return whether a request was sent whose response was not read completely.

    True if the connection, a user's own class for instance, cannot tell.
    """
    own = driver_connection(connection)
    check: Callable[[], bool] | None = getattr(own, "has_unread_response", None)
    return check is None or check()
