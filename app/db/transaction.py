"""Statements on one connection, between its BEGIN and its COMMIT."""

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol, TypeVar

from .connection import Connection, Cursor, driver_connection, has_unread_response
from .errors import (
    DatabaseError,
    DatabaseUnavailable,
    KeysExhausted,
    ServerNotReady,
    TransactionConflict,
    has_number,
    is_fatal_to_connection,
    translate,
    translate_unsent,
    translate_without_locks,
)
from .instrumentation import executing
from .session_state import StateLeft, is_call_of, state_left_by
from .statement_limit import UNLIMITED, StatementLimit
from .strategy import Checkout

_SELECT = re.compile(r"\s*SELECT\b", re.IGNORECASE).match

T = TypeVar("T")
Row = dict[str, Any]
Params = tuple[Any, ...] | dict[str, Any]

MAX_NAMED_STATEMENTS = 5  # in the log, of those that left state in the session


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
    timeout. `has_written`: it ran anything but SELECT statements. `state_left` is
    what its statements may have left in the session, `state_left_by` those statements. `limit`:
    how long the server may take for each query, unlimited between BEGIN and COMMIT. `is_causal`:
    its queries first wait for what other nodes of a cluster have committed.
    """

    def __init__(
        self,
        checkout: Checkout[Any],
        driver_error: type[Exception],
        stateless_procedures: frozenset[str] = frozenset(),
        *,
        is_causal: bool = False,
    ) -> None:
        self.checkout = checkout
        self.connection: Connection = checkout.connection
        self.failure: BaseException | None = None
        self.is_usable = True
        self.has_begun = False
        self.has_timed_out = False
        self.has_written = False
        self.last_row_id = 0
        self.limit: StatementLimit = UNLIMITED
        self.state_left = StateLeft.NOTHING
        self.state_left_by: tuple[str, ...] = ()
        self._driver_error = driver_error
        self._stateless_procedures = stateless_procedures
        self._is_causal = is_causal

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement; returns the number of rows it matched and sets `last_row_id`."""
        return self._run(sql, params, self._note_effect)

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query; returns its first row, or None."""
        return self._run(sql, params, _first_row)

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query; returns all its rows."""
        return self._run(sql, params, _all_rows)

    def note_statement(self, sql: str) -> None:
        """Record what a statement may leave in the session, before it is sent."""
        if state := state_left_by(sql):
            if is_call_of(self._stateless_procedures, sql):
                state = StateLeft.DECLARED_NOTHING
            self.state_left = max(self.state_left, state)
            self.state_left_by = (*self.state_left_by, sql)[:MAX_NAMED_STATEMENTS]

    def check(self) -> None:
        """Raise the failure that ended this transaction, even if the caller caught it."""
        if self.failure is not None:
            raise self.failure

    def fail(self, error: BaseException) -> BaseException:
        """Record a statement's error: does the connection survive it, and the transaction?

        Returns the error to raise: a `DatabaseError` for a driver's error, others unchanged. An
        error in the parameters is raised before anything is sent and changes nothing.
        """
        if self.state_left is StateLeft.DECLARED_NOTHING:
            self.state_left = StateLeft.RESETTABLE  # an error packet has no status flags
        is_driver_error = isinstance(error, self._driver_error)
        if is_driver_error and has_number(error):
            return self._note_server_error(error)
        if isinstance(error, Exception) and not has_unread_response(self.connection):
            return translate_unsent(error) if is_driver_error else error
        # Interrupted in the middle: half a response may still arrive.
        self.is_usable = False
        self.failure = _caused(translate(error), error) if is_driver_error else error
        return self.failure

    def _note_server_error(self, error: BaseException) -> DatabaseError:
        is_read = not (self.has_begun or self.has_written)
        translate_it = translate_without_locks if self._is_causal and is_read else translate
        translated = _caused(translate_it(error), error)
        is_fatal = is_fatal_to_connection(error) or isinstance(translated, ServerNotReady)
        self.is_usable = not is_fatal
        # After these, the server may have rolled back the transaction.
        if not self.is_usable or isinstance(translated, TransactionConflict | DatabaseUnavailable):
            self.failure = translated
        return translated

    def _note_effect(self, cursor: Cursor) -> int:
        self.last_row_id = cursor.lastrowid or self.last_row_id
        return cursor.rowcount

    def _run(self, sql: str, params: Params, take: Callable[[Cursor], T]) -> T:
        self.check()
        self.has_written = self.has_written or not _SELECT(sql)
        self.note_statement(sql)
        try:
            with executing(sql), closing(driver_connection(self.connection).cursor()) as cursor:
                cursor.execute(self.limit.apply_to(sql), params or None)
                return take(cursor)
        except BaseException as error:
            translated = self.fail(error)
            if isinstance(translated, KeysExhausted):
                translated.note_statement(sql)
            if translated is error:
                raise
            raise translated from error


def _caused(translated: DatabaseError, error: BaseException) -> DatabaseError:
    translated.__cause__ = error
    return translated


def _first_row(cursor: Cursor) -> Row | None:
    row = cursor.fetchone()
    return None if row is None else dict(zip(_columns(cursor), row, strict=True))


def _all_rows(cursor: Cursor) -> list[Row]:
    columns = _columns(cursor)
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _columns(cursor: Cursor) -> list[str]:
    return [column[0] for column in cursor.description]
