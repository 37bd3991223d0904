"""What can go wrong below the resources, in this application's own words.

    DatabaseError
    |__ DatabaseUnavailable      no answer; nothing was stored
    |   |__ PoolExhausted        every connection stayed busy for too long
    |   |__ AccessRefused        the server is there and refuses these settings for ever
    |   |__ ReadOnlyServer       the server takes no writes at present
    |   |__ ConnectionLost       the connection broke before the commit was sent
    |__ OutcomeUnknown           the answer was cut off; it may or may not be stored
    |__ TransactionConflict      deadlock or lock timeout; run the transaction again
    |__ StatementInterrupted     killed or out of time at the server; nothing was stored
    |__ StatementRefused         the server refused the statement itself; nothing was stored
    |__ TableMissing             the schema was not migrated; nothing was stored
    |__ ValueRefused             a value does not fit its column; nothing was stored
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
    """A unit of work failed.

    `code` is the server's or the driver's number, 0 if none; `column` the one
    at fault where the server names it, or several as their key's name joins them.
    """

    code: int = 0
    column: str = ""


class DatabaseUnavailable(DatabaseError):
    """No answer; nothing was stored."""


class PoolExhausted(DatabaseUnavailable):
    """Every connection stayed busy for too long; nothing was sent."""


class AccessRefused(DatabaseUnavailable):
    """The server refuses this user, password or database; trying again will not help."""


class ReadOnlyServer(DatabaseUnavailable):
    """The server takes no writes at present, as after a failover; nothing was stored."""


class ConnectionLost(DatabaseUnavailable):
    """The connection broke before the commit was sent; nothing was stored."""


class OutcomeUnknown(DatabaseError):
    """The answer was cut off; the change may or may not be stored."""


class TransactionConflict(DatabaseError):
    """Deadlock or lock timeout; nothing was stored, run the transaction again."""


class StatementInterrupted(DatabaseError):
    """The statement was killed or ran out of time at the server; nothing was stored."""


class StatementRefused(DatabaseError):
    """The server refused the statement itself, for instance its syntax; nothing was stored."""


class TableMissing(DatabaseError):
    """There is no such table: the schema was not migrated; nothing was stored."""


class ValueRefused(DatabaseError):
    """A value does not fit its column, or a statement the server; nothing was stored."""


class ConstraintViolation(DatabaseError):
    """A rule of the schema would be broken; nothing was stored."""


class DuplicateKey(ConstraintViolation):
    """Another row has that key already."""


class MissingReference(ConstraintViolation):
    """The row it points to does not exist."""


class StillReferenced(ConstraintViolation):
    """Other rows point to it."""


class CheckViolated(ConstraintViolation):
    """A CHECK constraint says no."""


# Numbers: MySQL's "Server Error Message Reference" and "Client Error Message
# Reference", MariaDB's "Error Codes". What is not listed is a StatementRefused.
CLASSES: dict[int, type[DatabaseError]] = {
    **dict.fromkeys([1213, 1205], TransactionConflict),
    **dict.fromkeys([1317, 1969, 3024, 1028], StatementInterrupted),
    **dict.fromkeys([1044, 1045, 1049, 1698, 1130, 2026, 2059, 2061], AccessRefused),
    **dict.fromkeys([1836, 1792], ReadOnlyServer),
    **dict.fromkeys([1040, 1129, 1203, 1226, 2001, 2002, 2003, 2005, 1047], DatabaseUnavailable),
    1146: TableMissing,
    **dict.fromkeys([1062, 1586], DuplicateKey),
    **dict.fromkeys([1216, 1452], MissingReference),
    **dict.fromkeys([1217, 1451], StillReferenced),
    **dict.fromkeys([3819, 4025], CheckViolated),
    **dict.fromkeys([1264, 1265, 1292, 1366, 1406, 1048, 1153], ValueRefused),
}

# The statement never reached the server. PyMySQL raises 2006 in one place
# only, when sending failed; 0 is the second use of a connection it has closed;
# 4031 was on its way before the statement was.
NOT_EXECUTED = frozenset({0, 2006, 4031})

# The connection is gone and the statement may have run.
LOST = frozenset(
    {2013, 2014, 2027, 2045, 2055, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169}
)

# Looks like an ordinary error, but the server hangs up after it (1153: packet too large).
FATAL_TO_CONNECTION = frozenset({1153, 2020})

# The column is in the text only: FOREIGN KEY (`campus_id`), for column 'campus_id' (MariaDB
# may put database and table before it), or the key's name, which in this schema is
# idx_unique_<column>; MySQL puts the table before it.
_COLUMN = re.compile(
    r"FOREIGN KEY \(`(\w+)`\)"
    r"|for key '(?:\w+\.)?idx_unique_(\w+)'"
    r"|for column (?:`\w+`\.)*['`](\w+)['`] at row"
)

Outcome = Literal["refused", "not_executed", "unknown"]


def code_of(error: BaseException) -> int:
    """Give the number in a driver's error, 0 if it has none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


def outcome_of(error: BaseException) -> Outcome:
    """Tell what a driver's error says about the statement it answered."""
    code = code_of(error)
    if code in NOT_EXECUTED and "sequence number" not in str(error):
        return "not_executed"
    if code in LOST or code == 0:
        return "unknown"
    return "refused"


def translate(error: BaseException) -> DatabaseError:
    """Put a driver's error into this application's words."""
    code = code_of(error)
    if outcome_of(error) != "refused":
        kind: type[DatabaseError] = ConnectionLost
    elif code == 1290 and "read-only" in str(error):
        kind = ReadOnlyServer
    else:
        kind = CLASSES.get(code, StatementRefused)
    translated = kind(str(error))
    translated.code = code
    if found := _COLUMN.search(str(error)):
        translated.column = found[found.lastindex or 0]
    return translated


def is_fatal_to_connection(error: BaseException) -> bool:
    """Tell whether the connection must not be used after this error."""
    return (
        outcome_of(error) != "refused"
        or code_of(error) in FATAL_TO_CONNECTION
        or isinstance(translate(error), ReadOnlyServer)
    )
