"""Cursor pages: the same cost at any depth.

A cursor is the place of the last row shown, signed together with the list,
the filters and the order it belongs to. It is opaque: a forged one, or one of
another list, is a 400.
"""

from datetime import datetime
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
from app.sql.select import Order, Projection, Window

Item = TypeVar("Item")

NO_FILTERS = {"limit", "cursor", "sort", "fields", "embed"}


class View(BaseModel):
    """How one item is asked for; a resource declares `fields`, and `embed` if it has relatives."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def projection(self) -> Projection:
        """Which part of the item is asked for."""
        return Projection(getattr(self, "fields", ()), getattr(self, "embed", ()))

    def filters(self) -> dict[str, Any]:
        """Give the filters that were set, by the parameter's name."""
        return {name: getattr(self, name) for name in self.model_fields_set - NO_FILTERS}


class Page(View):
    """The parameters every list takes; a list adds its filters, and `sort` if it has an order."""

    limit: int = Field(20, ge=1, le=100, description="Items a page.")
    cursor: str | None = Field(None, max_length=700, description="From `next` of the page before.")

    @property
    def orders(self) -> Orders:
        """How the list is sorted, before its key."""
        found: Orders = getattr(self, "sort", ())
        return found

    def window(self) -> Window:
        """Say which rows this page shows, and one more to see whether there is a next page."""
        return Window(self.orders, self._after(), self.limit + 1)

    def next_link(self, place: tuple[Any, ...]) -> str:
        """Give the address of the page that follows the row at this place."""
        cursor = _serializer().dumps([self._list(), [_written(value) for value in place]])
        parameters = {**request.args.to_dict(), "cursor": cursor}
        return f"{request.path}?{urlencode(parameters)}"

    def _after(self) -> tuple[Any, ...] | None:
        if self.cursor is None:
            return None
        try:
            list_, place = _serializer().loads(self.cursor)
        except (BadSignature, ValueError):
            raise _bad_cursor("it was not given out by this service") from None
        if list_ != self._list():
            raise _bad_cursor("it belongs to another list, other filters or another order")
        return tuple(place)

    def _list(self) -> list[Any]:
        """Tell this list from all others."""
        orders = [_in_words(order) for order in self.orders]
        filters = sorted((name, str(value)) for name, value in self.filters().items())
        return [request.path, orders, [list(pair) for pair in filters]]


class PageOf(BaseModel, Generic[Item]):
    """A page of a list; `next` is absent on the last one."""

    items: list[Item]
    next: str | None = Field(None, description="The address of the next page.")


def _in_words(order: Order) -> str:
    return ("-" if order.descending else "") + order.column


def _written(value: Any) -> Any:
    return str(value) if isinstance(value, datetime | Decimal) else value


def _serializer() -> URLSafeSerializer:
    return _serializer_with(settings().secret_key.get_secret_value())


@lru_cache(maxsize=1)
def _serializer_with(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="page cursor")


def _bad_cursor(reason: str) -> Problem:
    return Problem(
        400,
        "The cursor cannot be used; begin again without one.",
        kind="invalid",
        errors=[{"parameter": "cursor", "detail": reason}],
    )
