"""Statements on one connection, between its BEGIN and its COMMIT."""

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol, TypeVar

from .connection import Connection, Cursor
from .errors import TransactionConflict, is_fatal_to_connection, translate
from .instrumentation import executing
from .strategy import Checkout

_SELECT = re.compile(r"\s*SELECT\b", re.IGNORECASE).match

T = TypeVar("T")
Row = dict[str, Any]
Params = tuple[Any, ...] | dict[str, Any]


class Reader(Protocol):
    """What a query module reads from: the `Database` itself, or a `Transaction`."""

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query; returns its first row, or None."""

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query; returns all its rows."""


class Transaction:
    """Statements on one connection, between its BEGIN and its COMMIT.

    After a failure that ended the transaction at the server (the connection
    broke, or the transaction was a deadlock's victim) nothing more is sent: what
    followed would be stored without what went before. `failure` is that error,
    `is_usable` whether the connection survived it. `has_begun` is true once
    BEGIN was answered: from then on the server may hold locks for it.
    `has_timed_out`: its last statement was ended by the strategy, after the read
    timeout. `has_written`: it ran anything but SELECT statements.
    """

    def __init__(self, checkout: Checkout[Any], driver_error: type[Exception]) -> None:
        self.checkout = checkout
        self.connection: Connection = checkout.connection
        self.failure: BaseException | None = None
        self.is_usable = True
        self.has_begun = False
        self.has_timed_out = False
        self.has_written = False
        self.last_row_id = 0
        self._driver_error = driver_error

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement; returns the number of rows it matched and sets `last_row_id`."""
        return self._run(sql, params, self._note_effect)

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query; returns its first row, or None."""
        return self._run(sql, params, _first_row)

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query; returns all its rows."""
        return self._run(sql, params, _all_rows)

    def check(self) -> None:
        """Raise the failure that ended this transaction, even if the caller caught it."""
        if self.failure is not None:
            raise self.failure

    def fail(self, error: BaseException) -> None:
        """Record a statement's error: does the connection survive it, and the transaction?"""
        if not isinstance(error, self._driver_error):
            # Interrupted in the middle: half a response may still arrive.
            self.failure, self.is_usable = error, False
            return
        translated = translate(error)
        translated.__cause__ = error
        self.is_usable = not is_fatal_to_connection(error)
        if not self.is_usable or isinstance(translated, TransactionConflict):
            self.failure = translated

    def _note_effect(self, cursor: Cursor) -> int:
        self.last_row_id = cursor.lastrowid or self.last_row_id
        return cursor.rowcount

    def _run(self, sql: str, params: Params, take: Callable[[Cursor], T]) -> T:
        self.check()
        self.has_written = self.has_written or not _SELECT(sql)
        try:
            with executing(sql), closing(self.connection.cursor()) as cursor:
                cursor.execute(sql, params or None)
                return take(cursor)
        except self._driver_error as error:
            self.fail(error)
            raise (self.failure or translate(error)) from error
        except BaseException as error:
            self.fail(error)
            raise


def _first_row(cursor: Cursor) -> Row | None:
    row = cursor.fetchone()
    return None if row is None else dict(zip(_columns(cursor), row, strict=True))


def _all_rows(cursor: Cursor) -> list[Row]:
    columns = _columns(cursor)
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _columns(cursor: Cursor) -> list[str]:
    return [column[0] for column in cursor.description]
