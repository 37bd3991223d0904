"""What everybody may expect of one connection, whichever driver made it."""

from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

from app.db.clock import now
from app.db.flow import Flow


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
    """What `connect()` returns: a PEP 249 connection that also knows its socket."""

    flow: Flow
    opened_at: float
    first_answer_within_seconds: float | None

    def ping(self) -> Any: ...
    def abandon(self) -> None: ...
    def answer_within(self, seconds: float) -> AbstractContextManager[None]: ...


class OwnsFlow:
    """The part that is the same for all drivers: mix it in before the driver's class."""

    flow: Flow
    opened_at: float
    first_answer_within_seconds: float | None = None

    def adopt(self, descriptor: int) -> None:
        """Take charge of the socket with this descriptor."""
        self.flow = Flow(descriptor)
        self.opened_at = now()

    def close(self) -> None:
        """Say goodbye to the server and close; never raises, also when it is dead."""
        self.flow.close_orderly()
        with suppress(Exception):
            super().close()  # type: ignore[misc]

    def abandon(self) -> None:
        """Close without a word: the flow is reset and nothing in it is delivered any more."""
        self.flow.drop()
        with suppress(Exception):
            super().close()  # type: ignore[misc]
