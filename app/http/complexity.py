"""Limits on what a body may contain, checked before it is validated.

The limit of 1 MiB on a body is not enough: as Python objects, 110,000 fields or 350,000 empty lists
take up to 100 times as much memory, and each unknown field is an error to report. The nesting depth
is limited by the parser, to 200 levels.
"""

from typing import Any

from pydantic_core import from_json

from app.http.problems import Problem

# The largest valid body, a batch of 100 students, has 1,500 values.
MAX_VALUES = 20_000
MAX_FIELDS = 100


def parse_json(text: bytes, *, allow_nan: bool = True) -> Any:
    """Return the value of JSON text.

    Raises a `Problem`: 400 if the text is not well-formed, 413 if it exceeds a limit.
    """
    # Each value but the first follows one of these. Those in strings count as well, because
    # the check has to be cheaper than parsing.
    if sum(map(text.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise Problem(413, f"The body has more than {MAX_VALUES:,} values.")
    try:
        value = from_json(text, allow_inf_nan=allow_nan)
    except ValueError:
        raise malformed() from None
    _check_objects(value)
    return value


def check_form(text: bytes) -> None:
    """Raise a `Problem` (413) if a form has too many fields."""
    if text.count(b"&") >= MAX_FIELDS:
        raise Problem(413, f"The form has more than {MAX_FIELDS} fields.")


def malformed() -> Problem:
    """Return the problem for a body that cannot be parsed."""
    return Problem(400, "The body is not well-formed JSON in UTF-8.", kind="malformed")


def _check_objects(value: Any) -> None:
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if len(value) > MAX_FIELDS:
                raise Problem(413, f"An object in the body has more than {MAX_FIELDS} fields.")
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
