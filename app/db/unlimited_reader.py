"""Reads without the time limit of `statement_limit`, for exports and the like."""

from collections.abc import Callable
from typing import Any

from .transaction import Params, Row, Transaction


class UnlimitedReader:
    """A `Reader`; `read` runs a query on a connection without a limit and retries it if lost."""

    def __init__(self, read: Callable[[Callable[[Transaction], Any]], Any]) -> None:
        self._read = read

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query; returns its first row, or None."""
        found: Row | None = self._read(lambda reader: reader.fetch_one(sql, params))
        return found

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query; returns all its rows."""
        found: list[Row] = self._read(lambda reader: reader.fetch_all(sql, params))
        return found
