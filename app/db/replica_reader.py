"""The `Reader` that `Database.reader` returns if there is a read replica."""

from collections.abc import Callable
from typing import TypeVar

from .gtid import Position
from .read_replica import ReadReplica, ReplicaNotUsed
from .statement_limit import StatementLimit
from .transaction import Params, Reader, Row

T = TypeVar("T")


class ReplicaReader:
    """A `Reader`: the replica if possible, the primary otherwise.

    After the first read of the primary it stays there, so that a later read does not find less.
    """

    def __init__(
        self, replica: ReadReplica, primary: Reader, after: Position, limit: StatementLimit
    ) -> None:
        self._replica = replica
        self._primary = primary
        self._after = after
        self._limit = limit
        self._uses_replica = True

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query; returns its first row, or None."""
        return self._read(lambda reader: reader.fetch_one(sql, params))

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query; returns all its rows."""
        return self._read(lambda reader: reader.fetch_all(sql, params))

    def _read(self, query: Callable[[Reader], T]) -> T:
        if self._uses_replica:
            try:
                return self._replica.read(query, self._after, self._limit)
            except ReplicaNotUsed:
                self._uses_replica = False
        return query(self._primary)
