"""Database errors, translated from the drivers'.

    DatabaseError
    |__ DatabaseUnavailable      no answer; nothing was stored
    |   |__ PoolExhausted        every connection stayed in use for too long
    |   |__ AccessDenied         the server rejects these credentials or this database
    |   |__ ReadOnlyServer       the server accepts no writes at present
    |   |__ ConnectionLost       the connection broke before the commit was sent
    |__ OutcomeUnknown           the response was lost; it may or may not be stored
    |__ TransactionConflict      deadlock or lock timeout; run the transaction again
    |__ StatementInterrupted     killed or timed out at the server; nothing was stored
    |   |__ StatementTimedOut    still executing when the read timeout expired, and then killed
    |__ StatementRejected        the server rejected the statement itself; nothing was stored
    |__ TableMissing             the schema was not migrated; nothing was stored
    |__ InvalidValue             a value does not fit its column; nothing was stored
    |__ ConstraintViolation      nothing was stored
        |__ DuplicateKey
        |__ MissingReference     the row it points to does not exist
        |__ StillReferenced      other rows point to it
        |__ CheckViolated

The driver's error stays as the cause; its text is for the log, never for a client.
"""

import re
from typing import Literal


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


class ReadOnlyServer(DatabaseUnavailable):
    """The server accepts no writes at present, as after a failover; nothing was stored."""


class ConnectionLost(DatabaseUnavailable):
    """The connection broke before the commit was sent; nothing was stored."""


class OutcomeUnknown(DatabaseError):
    """The response was lost; the change may or may not be stored."""


class TransactionConflict(DatabaseError):
    """Deadlock or lock timeout; nothing was stored, run the transaction again."""


class StatementInterrupted(DatabaseError):
    """The statement was killed or timed out at the server; nothing was stored."""


class StatementTimedOut(StatementInterrupted):
    """The statement was still executing when the read timeout expired; it was killed."""


class StatementRejected(DatabaseError):
    """The server rejected the statement itself, for instance its syntax; nothing was stored."""


class TableMissing(DatabaseError):
    """The table does not exist: the schema was not migrated; nothing was stored."""


class InvalidValue(DatabaseError):
    """A value does not fit its column, or a statement is too long; nothing was stored."""


class ConstraintViolation(DatabaseError):
    """A constraint of the schema was violated; nothing was stored."""


class DuplicateKey(ConstraintViolation):
    """Another row already has this key."""


class MissingReference(ConstraintViolation):
    """The row it points to does not exist."""


class StillReferenced(ConstraintViolation):
    """Other rows point to it."""


class CheckViolated(ConstraintViolation):
    """A CHECK constraint was violated."""


# Numbers: MySQL's "Server Error Message Reference" and "Client Error Message
# Reference", MariaDB's "Error Codes". Codes not listed are a StatementRejected.
CLASSES: dict[int, type[DatabaseError]] = {
    **dict.fromkeys([1213, 1205], TransactionConflict),
    **dict.fromkeys([1317, 1969, 3024, 1028], StatementInterrupted),
    **dict.fromkeys([1044, 1045, 1049, 1698, 1130, 2026, 2059, 2061], AccessDenied),
    **dict.fromkeys([1836, 1792], ReadOnlyServer),
    **dict.fromkeys([1040, 1129, 1203, 1226, 2001, 2002, 2003, 2005, 1047], DatabaseUnavailable),
    1146: TableMissing,
    **dict.fromkeys([1062, 1586], DuplicateKey),
    **dict.fromkeys([1216, 1452], MissingReference),
    **dict.fromkeys([1217, 1451], StillReferenced),
    **dict.fromkeys([3819, 4025], CheckViolated),
    **dict.fromkeys([1264, 1265, 1292, 1366, 1406, 1048, 1153], InvalidValue),
}

# The statement never reached the server. PyMySQL raises 2006 in one place
# only, when sending failed; 0 is the use of a connection it has closed before;
# the server sent 4031 before the statement arrived.
NOT_EXECUTED = frozenset({0, 2006, 4031})

# The connection is gone and the statement may have run.
LOST = frozenset(
    {2013, 2014, 2027, 2045, 2055, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169}
)

# Looks like an ordinary error, but the server closes the connection after it (1153: packet too
# large).
FATAL_TO_CONNECTION = frozenset({1153, 2020})

# The column is only in the text: FOREIGN KEY (`campus_id`), for column 'campus_id' (MariaDB
# may put database and table before it), or the key's name, which in this schema is
# idx_unique_<column>; MySQL puts the table before it.
_COLUMN = re.compile(
    r"FOREIGN KEY \(`(\w+)`\)"
    r"|for key '(?:\w+\.)?idx_unique_(\w+)'"
    r"|for column (?:`\w+`\.)*['`](\w+)['`] at row"
)

Outcome = Literal["rejected", "not_executed", "unknown"]


def code_of(error: BaseException) -> int:
    """Return the number in a driver's error, 0 if it has none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


def outcome_of(error: BaseException) -> Outcome:
    """Return what a driver's error says about the statement that raised it."""
    code = code_of(error)
    if code in NOT_EXECUTED and "sequence number" not in str(error):
        return "not_executed"
    if code in LOST or code == 0:
        return "unknown"
    return "rejected"


def translate(error: BaseException) -> DatabaseError:
    """Return the `DatabaseError` for a driver's error."""
    code = code_of(error)
    if outcome_of(error) != "rejected":
        kind: type[DatabaseError] = ConnectionLost
    elif code == 1290 and "read-only" in str(error):
        kind = ReadOnlyServer
    else:
        kind = CLASSES.get(code, StatementRejected)
    translated = kind(str(error))
    translated.code = code
    if found := _COLUMN.search(str(error)):
        translated.column = found[found.lastindex or 0]
    return translated


def is_fatal_to_connection(error: BaseException) -> bool:
    """Return whether the connection must not be used after this error."""
    return (
        outcome_of(error) != "rejected"
        or code_of(error) in FATAL_TO_CONNECTION
        or isinstance(translate(error), ReadOnlyServer)
    )
