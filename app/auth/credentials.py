"""The credentials in the `Authorization` header (RFC 9110, section 11.6.2)."""

from flask import request
from werkzeug.datastructures import Authorization


def credentials() -> Authorization | None:
    """Return the parsed header; None if it is missing or malformed."""
    try:
        return request.authorization
    except ValueError:  # Werkzeug raises it for `Basic` with a byte that is not ASCII
        return None
