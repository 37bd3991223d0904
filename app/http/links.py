"""Links between two things, which exist or not: PUT makes one, DELETE takes it away.

Both keys are in the path. A link has no state to compare, so neither needs
If-Match. PUT may be repeated. A link that is not there is a 404 like anything
else, so that a wrong key does not pass for a success.
"""

from collections.abc import Callable

from flask import Response

from app.db.transaction import Transaction
from app.http.context import database
from app.http.problems import not_found
from app.http.responses import ResponseData


def add(insert: Callable[[Transaction], None]) -> Response:
    """Make a link, if it is not there already."""
    database().run_transaction(insert, idempotent=True)
    return ResponseData(204).response()


def remove(delete: Callable[[Transaction], int]) -> Response:
    """Take a link away; `delete` tells how many there were."""
    if not database().run_transaction(delete):
        raise not_found("link")
    return ResponseData(204).response()
