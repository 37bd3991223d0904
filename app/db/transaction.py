"""The statements of one unit of work, all on one connection."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol, TypeVar

from app.db.connection import Connection, Cursor
from app.db.errors import TransactionConflict, is_fatal_to_connection, translate
from app.db.work import sending

T = TypeVar("T")
Row = dict[str, Any]
Params = tuple[Any, ...] | dict[str, Any]


class Reader(Protocol):
    """Where a query module reads: the `Database` itself, or a `Transaction`."""

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query; returns its first row, or None."""

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query; returns all its rows."""


class Transaction:
    """Statements on one connection, between its BEGIN and its COMMIT.

    After a failure that ended the transaction at the server (the connection
    broke, or this unit was a deadlock's victim) nothing more is sent: what
    followed would be stored without what went before. `failure` holds the
    error, `is_usable` says whether the connection outlived it. `has_begun` is
    true from the answer to BEGIN on: the server may hold locks for it.
    """

    def __init__(self, connection: Connection, driver_error: type[Exception]) -> None:
        self.connection = connection
        self.failure: BaseException | None = None
        self.is_usable = True
        self.has_begun = False
        self.last_row_id = 0
        self._driver_error = driver_error

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement; returns the number of rows it matched and notes `last_row_id`."""
        return self._run(sql, params, self._note_effect)

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query; returns its first row, or None."""
        return self._run(sql, params, _first_row)

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query; returns all its rows."""
        return self._run(sql, params, _all_rows)

    def check(self) -> None:
        """Raise the failure that ended this transaction, also if the unit swallowed it."""
        if self.failure is not None:
            raise self.failure

    def _note_effect(self, cursor: Cursor) -> int:
        self.last_row_id = cursor.lastrowid or self.last_row_id
        return cursor.rowcount

    def _run(self, sql: str, params: Params, take: Callable[[Cursor], T]) -> T:
        self.check()
        try:
            with sending(sql), closing(self.connection.cursor()) as cursor:
                cursor.execute(sql, params or None)
                return take(cursor)
        except self._driver_error as error:
            translated = translate(error)
            self.is_usable = not is_fatal_to_connection(error)
            if not self.is_usable or isinstance(translated, TransactionConflict):
                self.failure = translated
            raise translated from error
        except BaseException as error:
            # Interrupted in the middle: half an answer may still be on its way.
            self.failure, self.is_usable = error, False
            raise


def _first_row(cursor: Cursor) -> Row | None:
    row = cursor.fetchone()
    return None if row is None else dict(zip(_columns(cursor), row, strict=True))


def _all_rows(cursor: Cursor) -> list[Row]:
    columns = _columns(cursor)
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _columns(cursor: Cursor) -> list[str]:
    return [column[0] for column in cursor.description]
