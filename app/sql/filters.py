"""Filters of lists: how the value of a query parameter becomes a condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.sql.conditions import NO_ROWS, Condition, KeyQuery, all_of


class Filter(Protocol):
    """The filter of a query parameter."""

    def condition(self, value: Any, /) -> Condition: ...


@dataclass(frozen=True, slots=True)
class Check:
    """A condition with one `%s` that no index serves."""

    sql: str

    def condition(self, value: Any) -> Condition:
        """Return the condition for a value."""
        return Condition(self.sql, (value,))


@dataclass(frozen=True, slots=True)
class Range:
    """A range of an indexed column; `operator` compares it with the value."""

    table: str
    column: str
    operator: str

    def condition(self, value: Any) -> Condition:
        """Return the condition for a value."""
        sql = f"{self.table}.{self.column} {self.operator} %s"
        return Condition(sql, (value,), self.column, is_range=True)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A condition on another table. `keys` finds the rows by an index, `check` tests one row.

    Both have one `%s`. `check` is a comparison with a scalar subquery: the server could execute
    IN and EXISTS by reading all rows of the other table first.
    """

    check: str
    keys: str

    def condition(self, value: Any) -> Condition:
        """Return the condition for a value."""
        return Condition(self.check, (value,), keys=KeyQuery(self.keys, (value,)))


@dataclass(frozen=True, slots=True)
class FullText:
    """A search for rows that have, for each of several words, a word that starts with it.

    `keys` finds the rows by a full-text index and ends with AGAINST; `columns` are those of the
    index. A single row is tested without the index, which would look up the words in all rows.
    """

    columns: Sequence[str]
    keys: str

    def condition(self, value: Sequence[str]) -> Condition:
        """Return the condition for these words; no words match nothing."""
        if not value:
            return NO_ROWS
        # As in the full-text index, all characters but letters, digits and _ separate words.
        text = (
            f"REGEXP_REPLACE(CONCAT_WS(' ', '', {', '.join(self.columns)}), '[^[:alnum:]_]+', ' ')"
        )
        like = [Condition(f"{text} LIKE %s", (f"% {_escaped(word)}%",)) for word in value]
        check = all_of(like)
        search = " ".join(f"+{word}*" for word in value)
        keys = KeyQuery(f"{self.keys} (%s IN BOOLEAN MODE)", (search,))
        return Condition(check.sql, check.params, keys=keys)


def _escaped(word: str) -> str:
    return word.replace("_", r"\_")
