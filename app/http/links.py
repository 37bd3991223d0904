"""Links between two rows, such as a course and its staff: PUT adds one, DELETE removes it.

Both keys are in the path. A link has no state, so neither method needs If-Match. PUT is
idempotent. DELETE of a link that does not exist returns 404, so that a wrong key is not reported
as a success.
"""

from collections.abc import Callable

from flask import Response

from app.db.transaction import Transaction
from app.http.context import database
from app.http.problems import not_found
from app.http.responses import ResponseData


def add(insert: Callable[[Transaction], None]) -> Response:
    """Add a link unless it exists; `insert` must have no effect if it does."""
    database().run_transaction(insert, idempotent=True)
    return ResponseData(204).response()


def remove(delete: Callable[[Transaction], int]) -> Response:
    """Remove a link; `delete` returns the number of rows deleted."""
    if not database().run_transaction(delete):
        raise not_found("link")
    return ResponseData(204).response()
