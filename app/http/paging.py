"""Cursor pagination: the cost of a page does not depend on how far into the list it is.

A cursor is the position of the last row of a page, signed together with the list, the filters and
the order it belongs to. It is opaque to clients; a forged cursor, or the cursor of another list,
is rejected with 400.
"""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request
from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import BaseModel, ConfigDict, Field

from app.http.context import settings
from app.http.parameters import Orders
from app.http.problems import Problem
from app.sql.order import Order
from app.sql.rows import Window
from app.sql.select import Projection

Item = TypeVar("Item")

# Parameters that do not select rows; all others are filters.
NO_FILTERS = {"limit", "cursor", "sort", "fields", "embed"}


class View(BaseModel):
    """Query parameters of one item; a resource adds `fields` and, if it embeds others, `embed`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def projection(self) -> Projection:
        """The fields and the embedded resources to return."""
        return Projection(getattr(self, "fields", ()), getattr(self, "embed", ()))

    def filters(self) -> dict[str, Any]:
        """Return the filters in the request, by parameter name."""
        given = self.model_fields_set - NO_FILTERS
        return {name: getattr(self, name) for name in type(self).model_fields if name in given}


class Page(View):
    """Query parameters of a list; a resource adds its filters, and `sort` if it can be sorted."""

    limit: int = Field(20, ge=1, le=100, description="Maximum number of items per page.")
    cursor: str | None = Field(
        None, max_length=700, description="Cursor from the previous page's `next` link."
    )

    @property
    def orders(self) -> Orders:
        """The columns to sort by, before the key."""
        found: Orders = getattr(self, "sort", ())
        return found

    def window(self) -> Window:
        """Return the rows of this page and one more, which shows whether there is a next page."""
        return Window(self.orders, self._after(), self.limit + 1)

    def next_link(self, position: tuple[Any, ...]) -> str:
        """Return the URL of the page that starts after this position."""
        cursor = _serializer().dumps([self._list_identity(), [*map(_serializable, position)]])
        parameters = {**request.args.to_dict(flat=False), "cursor": [cursor]}
        return f"{request.path}?{urlencode(parameters, doseq=True)}"

    def _after(self) -> tuple[Any, ...] | None:
        if self.cursor is None:
            return None
        try:
            list_identity, position = _serializer().loads(self.cursor)
        except (BadSignature, ValueError):
            raise _bad_cursor("not issued by this service") from None
        if list_identity != self._list_identity():
            raise _bad_cursor("issued for another list, other filters or another order")
        return tuple(position)

    def _list_identity(self) -> list[Any]:
        """Return what a cursor is bound to: the path, the order and the filters."""
        orders = [_as_parameter(order) for order in self.orders]
        filters = sorted((name, str(value)) for name, value in self.filters().items())
        return [request.path, orders, [list(pair) for pair in filters]]


class PageOf(BaseModel, Generic[Item]):
    """A page of a list; the last page has no `next`."""

    items: list[Item]
    next: str | None = Field(None, description="URL of the next page.")


def _as_parameter(order: Order) -> str:
    return ("-" if order.descending else "") + order.column


def _serializable(value: Any) -> Any:
    return str(value) if isinstance(value, date | Decimal) else value


def _serializer() -> URLSafeSerializer:
    return _serializer_with(settings().secret_key.get_secret_value())


@lru_cache(maxsize=1)
def _serializer_with(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="page cursor")


def _bad_cursor(reason: str) -> Problem:
    return Problem(
        400,
        "The cursor is not valid; start again without a cursor.",
        kind="invalid",
        errors=[{"parameter": "cursor", "detail": reason}],
    )
