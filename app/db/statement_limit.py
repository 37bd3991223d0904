"""Limits the time that the server spends on a query.

The limit is part of the statement's text, so it costs no round trip, leaves no state in the session
and needs no knowledge of the server, which a proxy may hide. Each server reads one of two comments:

- MariaDB executes `/*M!100101 ... */`: `SET STATEMENT max_statement_time` (seconds) applies to the
  statement after FOR only (MariaDB, "SET STATEMENT"; error 1969)
- MySQL reads the optimizer hint `MAX_EXECUTION_TIME` (milliseconds), which applies to read-only
  SELECT statements only (MySQL, "Optimizer Hints"; error 3024)
"""

import re

# A query with optimizer hints of its own stays as it is: MySQL reads only the first such comment.
_SELECT = re.compile(r"\s*SELECT\b(?!\s*/\*\+)", re.IGNORECASE).match


class StatementLimit:
    """The time a query may take at the server; 0 seconds is unlimited."""

    def __init__(self, seconds: float) -> None:
        milliseconds = max(round(seconds * 1000), 1)
        self._select = (
            f"/*M!100101 SET STATEMENT max_statement_time = {milliseconds / 1000:g} FOR */"
            f"SELECT /*+ MAX_EXECUTION_TIME({milliseconds}) */"
        )
        self._is_limited = seconds > 0

    def apply_to(self, sql: str) -> str:
        """Return a query with this limit; other statements are returned unchanged."""
        found = _SELECT(sql) if self._is_limited else None
        return f"{self._select}{sql[found.end() :]}" if found else sql


UNLIMITED = StatementLimit(0)
