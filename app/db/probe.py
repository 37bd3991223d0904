"""Queries of health checks, which must return soon even if the server is unreachable."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from .connection_manager import ConnectionManager
from .errors import ConnectionLost
from .strategy import Purpose
from .transaction import Reader, Transaction

T = TypeVar("T")

# A healthy server responds to a small query within this time, even on a busy machine.
RESPONSE_SECONDS = 2.0


def probe(connections: ConnectionManager, query: Callable[[Reader], T]) -> T:
    """Run a query for a health check; returns its result.

    Unlike other reads it does not wait for the server to recover (`Purpose.PROBE`). It is retried
    once if the connection was lost. Raises `DatabaseError`.
    """
    try:
        return _run(connections, connections.checkout(Purpose.PROBE), query)
    except ConnectionLost:
        return _run(connections, connections.checkout_for_retry(Purpose.PROBE), query)


def _run(connections: ConnectionManager, reader: Transaction, query: Callable[[Reader], T]) -> T:
    try:
        with response_deadline(reader):
            return query(reader)
    finally:
        connections.checkin(reader)


def response_deadline(reader: Transaction) -> AbstractContextManager[None]:
    """Limit the time of the responses in the block to that of a healthy server."""
    # A user's own strategy may check out connections without this method.
    limit: Callable[[float], AbstractContextManager[None]] | None = getattr(
        reader.connection, "response_deadline", None
    )
    seconds = reader.checkout.first_response_seconds or RESPONSE_SECONDS
    return limit(seconds) if limit else nullcontext()
