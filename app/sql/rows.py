"""What a query of a list returns, and which part of the list it is for."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from app.sql.order import Order


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a list to read: their order, the row to start after, and how many.

    `after` holds that row's values of the columns in `orders`, and its key.
    """

    orders: tuple[Order, ...] = ()
    after: tuple[Any, ...] | None = None
    limit: int = 20


class SelectedRow(NamedTuple):
    """The JSON text of a row, and its values of the columns that the list is sorted by.

    `ends_scan`: it is the last row that was checked for this page, and others follow it.
    """

    json: str
    position: tuple[Any, ...] = ()
    ends_scan: bool = False
