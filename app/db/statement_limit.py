"""Limits the time that the server spends on a query.

The limit is part of the statement's text, so it costs no round trip, leaves no state in the session
and needs no knowledge of the server, which a proxy may hide. Each server reads one of two comments:

- MariaDB executes `/*M!100101 ... */`: `SET STATEMENT max_statement_time` (seconds) applies to the
  statement after FOR only (MariaDB, "SET STATEMENT"; error 1969)
- MySQL reads the optimizer hint `MAX_EXECUTION_TIME` (milliseconds), which applies to read-only
  SELECT statements only (MySQL, "Optimizer Hints"; error 3024)

Queries that start otherwise are not limited: with TABLE, VALUES, SHOW or CALL, or with a comment
that a server executes.
"""

import re

_COMMENT = r"--\s[^\n]* | \#[^\n]* | /\*(?!\+|M?!).*?\*/"
_HINTS = r"(?P<hints>\s*/\*\+)?"
# Where a query's own SELECT starts; `hints` are optimizer hints that it has already.
_START = re.compile(
    rf"(?>\s | \( | {_COMMENT})*+ (?: SELECT\b{_HINTS} | (?P<with>WITH\b) )",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
).match
# What may contain a parenthesis or the word SELECT without being one, and these themselves.
_TOKENS = re.compile(
    rf"""'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `[^`]*` | {_COMMENT}
      | (?P<parenthesis>[()]) | \b(?P<select>SELECT)\b{_HINTS}""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
).finditer


class StatementLimit:
    """The time a query may take at the server; 0 seconds is unlimited."""

    def __init__(self, seconds: float) -> None:
        milliseconds = max(round(seconds * 1000), 1)
        self._prefix = (
            f"/*M!100101 SET STATEMENT max_statement_time = {milliseconds / 1000:g} FOR */"
        )
        self._hint = f"MAX_EXECUTION_TIME({milliseconds})"
        self._is_limited = seconds > 0

    def apply_to(self, sql: str) -> str:
        """Return a query with this limit; other statements are returned unchanged."""
        if not self._is_limited:
            return sql
        found = _START(sql)
        if found and found["with"]:
            found = _select_after_with(sql, found.end())
        if found is None:
            return sql
        start, rest = sql[: found.end()].lstrip(), sql[found.end() :]
        if found["hints"]:  # MySQL reads one comment with hints, and the first of two limits
            return self._prefix + start + rest.replace("*/", f" {self._hint} */", 1)
        return f"{self._prefix}{start} /*+ {self._hint} */{rest}"


def _select_after_with(sql: str, start: int) -> re.Match[str] | None:
    """Return the SELECT that follows the common table expressions, which are in parentheses."""
    depth = 0
    for token in _TOKENS(sql, start):
        if token["parenthesis"]:
            depth += 1 if token["parenthesis"] == "(" else -1
        elif token["select"] and depth == 0:
            return token
    return None


UNLIMITED = StatementLimit(0)
