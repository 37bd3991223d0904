"""Conditions of WHERE clauses, and what the planner of lists knows about each of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class KeyQuery:
    """A query for the keys of the rows that satisfy a condition, served by an index.

    It ends with its WHERE clause, or contains `{limit}` where the numbers of rows are limited, and
    reads no more than a few rows for each that it returns. A key may be repeated, or NULL for a row
    that was read without result, so that the number of rows it returns is what was read.
    """

    sql: str
    params: tuple[Any, ...] = ()

    def limited_to(self, rows: int) -> str:
        """Return the SQL for this number of rows."""
        sql = self.sql if "{limit}" in self.sql else self.sql + " LIMIT {limit}"
        return sql.format(limit=rows)


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL for a WHERE clause, with one `%s` for each of `params`. An OR must be in parentheses.

    column        the column of the list's table that it compares with a constant
    is_range      it is a range of that column, otherwise an equality
    keys          finds the rows by an index
    is_selective  it is expected to hold for few rows, so that `keys` is tried before a scan
    """

    sql: str
    params: tuple[Any, ...] = ()
    column: str = ""
    is_range: bool = False
    keys: KeyQuery | None = None
    is_selective: bool = True

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"{self.sql} AND {other.sql}", self.params + other.params)


ALL_ROWS = Condition("TRUE")
NO_ROWS = Condition("FALSE")


def equals(table: str, column: str, value: Any) -> Condition:
    """Return the condition that a column of the list's table has this value."""
    return Condition(f"{table}.{column} = %s", (value,), column)


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Return the conjunction of conditions."""
    found = ALL_ROWS
    for condition in conditions:
        found &= condition
    return found
