"""How values look in JSON: times in RFC 3339 UTC, decimals as strings without rounding."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask.json.provider import DefaultJSONProvider


def _write(value: Any) -> str:
    if isinstance(value, datetime):
        # The session's time zone is UTC, so the server's naive times are too.
        return value.isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


class Provider(DefaultJSONProvider):
    """Flask's own, with our types; accents stay as they are and keys keep their order."""

    default = staticmethod(_write)
    ensure_ascii = False
    sort_keys = False
    compact = True
