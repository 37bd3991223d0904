"""Which statements may leave state in their session: settings, variables, locks, temporary tables.

This is decided by the text of a statement, so that no round trip is needed. A statement that is not
known to be harmless counts as leaving state. Stored functions and triggers are not examined: if one
sets a user variable or takes a lock, the next user of the connection inherits it.
"""

import re
from enum import IntEnum
from functools import lru_cache

# Longer texts, such as an INSERT of many rows, are examined each time: the cache would hold them.
MAX_CACHED_CHARACTERS = 10_000
MAX_LOGGED_CHARACTERS = 100


class StateLeft(IntEnum):
    """What a statement may leave in the session; the highest value of all statements counts."""

    NOTHING = 0
    # CALL of a procedure that is declared to leave none; only a transaction left open is detected.
    DECLARED_NOTHING = 1
    # Undone by COM_RESET_CONNECTION.
    RESETTABLE = 2
    # The default database and the role: a reset keeps both (measured with MariaDB 10.11 and MySQL
    # 9.7).
    PERMANENT = 3


# White space, opening parentheses and comments, except executable comments (/*! or /*M!).
# Possessive, because with backtracking a comment could extend to the end of a later one.
_BEFORE_VERB = r"(?:[\s(]|--\s[^\n]*\n|#[^\n]*\n|/\*(?!M?!)(?s:.*?)\*/)*+"
_HARMLESS = re.compile(
    _BEFORE_VERB + r"(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|TABLE|VALUES|SHOW|EXPLAIN|DESCRIBE"
    r"|DESC|SAVEPOINT|RELEASE\s+SAVEPOINT|ROLLBACK\s+(?:WORK\s+)?TO)\b",
    re.IGNORECASE,
)
_PERMANENT = re.compile(r"\b(?:USE|ROLE|DATABASE|SCHEMA|PREPARE|EXECUTE)\b", re.IGNORECASE)
_CALL = re.compile(_BEFORE_VERB + r"CALL\s+([\w$.`]+)", re.IGNORECASE)
_LITERAL = re.compile(r"""'(?:[^'\\]|\\.)*+(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\Z)""", re.DOTALL)


def state_left_by(sql: str) -> StateLeft:
    """Return what a statement may leave; for a CALL, as if its procedure were not declared."""
    return _cached(sql) if len(sql) <= MAX_CACHED_CHARACTERS else _examine(sql)


def is_call_of(procedures: frozenset[str], sql: str) -> bool:
    """Return whether the statement calls one of these procedures and sets no user variable.

    Names are lower case, `procedure` or `database.procedure`, as the statement names it.
    """
    found = _CALL.match(sql)
    name = found[1].replace("`", "").lower() if found else ""
    return name in procedures and not _names_state(sql)


def shorten(sql: str) -> str:
    """Return the beginning of a statement for the log, in one line and without its literals."""
    text = " ".join(_LITERAL.sub("?", sql[:MAX_CACHED_CHARACTERS]).split())
    is_short = len(text) <= MAX_LOGGED_CHARACTERS
    return text if is_short else f"{text[:MAX_LOGGED_CHARACTERS]}…"


def _examine(sql: str) -> StateLeft:
    if not _HARMLESS.match(sql):
        return StateLeft.PERMANENT if _PERMANENT.search(sql) else StateLeft.RESETTABLE
    return StateLeft.RESETTABLE if _names_state(sql) else StateLeft.NOTHING


def _names_state(sql: str) -> bool:
    """Return whether the text names a user variable (@name, not @@name) or takes a named lock."""
    return "@" in sql.replace("@@", "") or ":=" in sql or "get_lock" in sql.lower()


_cached = lru_cache(maxsize=1024)(_examine)
