"""The order of a list, and where a page of it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by."""

    column: str
    descending: bool = False


def after_sql(columns: Sequence[str], descending: Sequence[bool]) -> str:
    """Return the condition for rows after a given row in this order; see `after_params`.

    It is (a > %s OR (a = %s AND (b < %s OR ...))), preceded by a >= %s: only a plain comparison
    of the first column lets the server seek in its index.
    """
    sql = ""
    for column, down in reversed(list(zip(columns, descending, strict=True))):
        step = f"{column} {'<' if down else '>'} %s"
        sql = f"({step} OR ({column} = %s AND {sql}))" if sql else step
    return f"{columns[0]} {'<=' if descending[0] else '>='} %s AND {sql}"


def after_params(after: Sequence[Any]) -> list[Any]:
    """Return the values for `after_sql`: the first one, each but the last twice, the last."""
    *leading, last = after
    return [after[0], *(value for value in leading for _ in range(2)), last]
