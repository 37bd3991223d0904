"""JSON encoding: times in UTC as in RFC 3339, decimals as strings without rounding."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask.json.provider import DefaultJSONProvider


def _encode(value: Any) -> str:
    if isinstance(value, datetime):
        # Naive times from the database are in UTC, the time zone of its sessions.
        return value.isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


class Provider(DefaultJSONProvider):
    """Flask's JSON provider with these types; keeps non-ASCII characters and the order of keys."""

    default = staticmethod(_encode)
    ensure_ascii = False
    sort_keys = False
    compact = True
