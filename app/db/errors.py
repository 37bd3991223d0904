"""Database errors, translated from the drivers'.

    DatabaseError
    |__ DatabaseUnavailable      no answer; nothing was stored
    |   |__ PoolExhausted        every connection stayed in use for too long
    |   |__ AccessDenied         the server rejects these credentials or this database
    |   |__ StorageFailed        the server cannot write its files, as on a full disk
    |   |__ ReadOnlyServer       the server accepts no writes at present
    |   |__ ConnectionLost       the connection broke before the commit was sent
    |       |__ ServerNotReady   this server or cluster node accepts no statements at present
    |__ OutcomeUnknown           the response was lost; it may or may not be stored
    |__ TransactionConflict      deadlock or lock timeout; run the transaction again
    |__ StatementInterrupted     killed or timed out at the server; nothing was stored
    |   |__ StatementTimedOut    still executing when its time was up, and then ended
    |__ StatementRejected        the server rejected the statement itself; nothing was stored
    |__ TableMissing             the schema was not migrated; nothing was stored
    |__ KeysExhausted            the table has no AUTO_INCREMENT values left; nothing was stored
    |__ InvalidValue             a value does not fit its column; nothing was stored
    |__ ConstraintViolation      nothing was stored
        |__ DuplicateKey
        |__ MissingReference     the row it points to does not exist
        |__ StillReferenced      other rows point to it
        |__ CheckViolated

The driver's error stays as the cause; its text is for the log, never for a client. Which number
means what is in `error_codes`.
"""

import re
from typing import Literal, Self, TypeVar

from .error_codes import ROLLED_BACK_AT_COMMIT, Group, Kind, group_of


class DatabaseError(Exception):
    """A statement or transaction failed.

    `code` is the server's or the driver's error number, 0 if none; `column` the
    one at fault if the server names it, or several as they are joined in the name of a key.
    """

    code: int = 0
    column: str = ""


class DatabaseUnavailable(DatabaseError):
    """No answer; nothing was stored."""


class PoolExhausted(DatabaseUnavailable):
    """Every connection stayed in use for too long; nothing was sent."""


class AccessDenied(DatabaseUnavailable):
    """The server rejects this user, password or database; a retry does not help."""


class StorageFailed(DatabaseUnavailable):
    """The server cannot write: its disk or table space is full, or failing; nothing was stored."""


class ReadOnlyServer(DatabaseUnavailable):
    """The server accepts no writes at present, as after a failover; nothing was stored."""


class ConnectionLost(DatabaseUnavailable):
    """The connection broke before the commit was sent; nothing was stored."""


class ServerNotReady(ConnectionLost):
    """This server or cluster node accepts no statements at present; nothing was stored.

    A new connection may lead to another one, so it is handled like a lost connection.
    """


class OutcomeUnknown(DatabaseError):
    """The response was lost; the change may or may not be stored."""


class TransactionConflict(DatabaseError):
    """Deadlock or lock timeout; nothing was stored, run the transaction again."""


class StatementInterrupted(DatabaseError):
    """The statement was killed or timed out at the server; nothing was stored."""


class StatementTimedOut(StatementInterrupted):
    """The statement exceeded the server's limit or the read timeout; it was ended there."""


class StatementRejected(DatabaseError):
    """The server rejected the statement itself, for instance its syntax; nothing was stored."""


class TableMissing(DatabaseError):
    """The table does not exist: the schema was not migrated; nothing was stored."""


class KeysExhausted(DatabaseError):
    """A table has no AUTO_INCREMENT values left; nothing was stored.

    `table` is its name if the statement was an INSERT.
    """

    table: str = ""

    def note_statement(self, sql: str) -> None:
        """Set the table from the statement: the server names the column at most."""
        if found := _INSERT.match(sql):
            self.table = found[1]


class InvalidValue(DatabaseError):
    """A value does not fit its column, or a statement is too long; nothing was stored."""


class ConstraintViolation(DatabaseError):
    """A constraint of the schema was violated; nothing was stored."""

    @classmethod
    def of(cls, column: str) -> Self:
        """Return the error of a column that a query checked before the server's constraint."""
        error = cls(column)
        error.column = column
        return error


class DuplicateKey(ConstraintViolation):
    """Another row already has this key."""


class MissingReference(ConstraintViolation):
    """The row it points to does not exist."""


class StillReferenced(ConstraintViolation):
    """Other rows point to it."""


class CheckViolated(ConstraintViolation):
    """A CHECK constraint was violated."""


CLASSES: dict[Kind, type[DatabaseError]] = {
    Kind.NOT_EXECUTED: ConnectionLost,
    Kind.LOST: ConnectionLost,
    Kind.NOT_READY: ServerNotReady,
    Kind.UNAVAILABLE: DatabaseUnavailable,
    Kind.READ_ONLY: ReadOnlyServer,
    Kind.ACCESS_DENIED: AccessDenied,
    Kind.CONFLICT: TransactionConflict,
    Kind.INTERRUPTED: StatementInterrupted,
    Kind.TIMED_OUT: StatementTimedOut,
    Kind.STORAGE: StorageFailed,
    Kind.TABLE_MISSING: TableMissing,
    Kind.KEYS_EXHAUSTED: KeysExhausted,
    Kind.DUPLICATE_KEY: DuplicateKey,
    Kind.MISSING_REFERENCE: MissingReference,
    Kind.STILL_REFERENCED: StillReferenced,
    Kind.CHECK_VIOLATED: CheckViolated,
    Kind.INVALID_VALUE: InvalidValue,
    Kind.REJECTED: StatementRejected,
}

# The column is only in the text: FOREIGN KEY (`campus_id`), for column 'campus_id' (MariaDB
# may put database and table before it), or the key's name, which in this schema is
# idx_unique_<column>; MySQL puts the table before it.
_COLUMN = re.compile(
    r"FOREIGN KEY \(`(\w+)`\)"
    r"|for key '(?:\w+\.)?idx_unique_(\w+)'"
    r"|for column (?:`\w+`\.)*['`](\w+)['`] at row"
)
_INSERT = re.compile(
    r"\s*(?:INSERT|REPLACE)\b[\w\s]*?\bINTO\s+(?:`?\w+`?\.)?`?(\w+)", re.IGNORECASE
)

LOCK_WAIT_TIMEOUT = 1205

E = TypeVar("E", bound=DatabaseError)
Outcome = Literal["rejected", "not_executed", "unknown"]


def code_of(error: BaseException) -> int:
    """Return the number in a driver's error, 0 if it has none."""
    return error.args[0] if has_number(error) else 0


def has_number(error: BaseException) -> bool:
    """Return whether a driver's error has a number; 0 is one: the connection was closed before.

    The drivers raise errors without a number if the parameters do not match the statement, and
    PyMySQL if packets arrive out of order.
    """
    return bool(error.args) and isinstance(error.args[0], int)


def outcome_of(error: BaseException) -> Outcome:
    """Return what a driver's error says about the statement that raised it."""
    if not has_number(error):
        return "unknown"
    kind = _group_of(error).kind
    if kind is Kind.NOT_EXECUTED:
        return "not_executed"
    return "unknown" if kind is Kind.LOST else "rejected"


def commit_outcome_of(error: BaseException) -> Outcome:
    """Return what a driver's error says about the COMMIT that raised it."""
    outcome = outcome_of(error)
    if outcome == "rejected" and code_of(error) not in ROLLED_BACK_AT_COMMIT:
        return "unknown"
    return outcome


def translate(error: BaseException) -> DatabaseError:
    """Return the `DatabaseError` for a driver's error."""
    kind = CLASSES[_group_of(error).kind] if has_number(error) else ConnectionLost
    return _translated(error, kind)


def translate_without_locks(error: BaseException) -> DatabaseError:
    """Return the `DatabaseError` for the error of a statement that waits for no row lock.

    With `wsrep_sync_wait`, 1205 then means that the node could not catch up with its cluster
    (MariaDB, "wsrep_sync_wait"; `repl.causal_read_timeout`), as on a node that was partitioned.
    """
    is_wait = code_of(error) == LOCK_WAIT_TIMEOUT
    return _translated(error, ServerNotReady) if is_wait else translate(error)


def translate_connect_error(error: BaseException) -> DatabaseUnavailable:
    """Return the `DatabaseUnavailable` for a driver's error while connecting.

    Whatever its number says about a statement, there is no connection.
    """
    translated = translate(error)
    if isinstance(translated, DatabaseUnavailable) and not isinstance(translated, ConnectionLost):
        return translated
    return _translated(error, DatabaseUnavailable)


def is_not_ready(error: DatabaseError) -> bool:
    """Return whether a node rejects all statements, even if no connection could be opened."""
    kind = group_of(error.code, str(error)).kind
    return kind is Kind.NOT_READY or isinstance(error, ServerNotReady)


def translate_unsent(error: BaseException) -> DatabaseError:
    """Return the `DatabaseError` for a driver's error without a number before anything was sent."""
    return _translated(error, StatementRejected)


def is_fatal_to_connection(error: BaseException) -> bool:
    """Return whether the connection must not be used after this error."""
    return not has_number(error) or not _group_of(error).keeps_connection


def _group_of(error: BaseException) -> Group:
    return group_of(code_of(error), str(error))


def _translated(error: BaseException, kind: type[E]) -> E:
    translated = kind(str(error))
    translated.code = code_of(error)
    if found := _COLUMN.search(str(error)):
        translated.column = found[found.lastindex or 0]
    return translated
