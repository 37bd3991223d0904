"""Cursor pages: the same cost at any depth.

A cursor is the key of the last row shown, signed together with the filters it
belongs to. It is opaque: a forged one, or one of another list, is a 400.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request
from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import BaseModel, ConfigDict, Field

from app.db.transaction import Row
from app.http.problems import Problem
from app.http.state import settings


class Page(BaseModel):
    """The parameters every list takes; a list adds its filters to them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(20, ge=1, le=100, description="Items a page.")
    cursor: str | None = Field(None, max_length=500, description="From `next` of the page before.")

    def filters(self) -> dict[str, Any]:
        """Give the filters that were set, by column."""
        return self.model_dump(exclude={"limit", "cursor"}, exclude_none=True)

    def after(self) -> int:
        """Give the key after which this page begins; 0 for the first page."""
        if self.cursor is None:
            return 0
        try:
            path, filters, last = _serializer().loads(self.cursor)
        except (BadSignature, ValueError):
            raise _bad_cursor("it was not given out by this service") from None
        if path != request.path or filters != self.model_dump(mode="json", include=self._names()):
            raise _bad_cursor("it belongs to another list or other filters")
        return int(last)

    def cursor_after(self, last: int) -> str:
        """Make the cursor of the page that follows the row with this key."""
        filters = self.model_dump(mode="json", include=self._names())
        return str(_serializer().dumps([request.path, filters, last]))

    def _names(self) -> set[str]:
        return set(type(self).model_fields) - {"limit", "cursor"}


def page_of(rows: Sequence[Row], page: Page, key: str) -> dict[str, Any]:
    """Wrap rows into a page; `rows` holds one more than the limit if there is a next one.

    `next` is absent on the last page.
    """
    items = list(rows[: page.limit])
    answer: dict[str, Any] = {"items": items}
    if len(rows) > page.limit:
        parameters = {**page.model_dump(mode="json", exclude_none=True)}
        parameters["cursor"] = page.cursor_after(items[-1][key])
        answer["next"] = f"{request.path}?{urlencode(parameters)}"
    return answer


def _serializer() -> URLSafeSerializer:
    secret = settings().secret_key.get_secret_value()
    return URLSafeSerializer(secret, salt="page cursor")


def _bad_cursor(reason: str) -> Problem:
    return Problem(
        400,
        "The cursor cannot be used; begin again without one.",
        kind="invalid",
        errors=[{"parameter": "cursor", "detail": reason}],
    )
