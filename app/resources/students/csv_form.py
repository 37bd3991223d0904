"""How a student looks as a line of CSV (RFC 4180): the export writes it, the import reads it.

Columns are the fields of a student, those of the address prefixed: `address_city_id`. A cell that
a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"), and so
does one that has apostrophes before such a beginning, or it could not be told which one to take
off again.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.resources.addresses.schemas import Address
from app.resources.students.schemas import Student

PART = "address"
_OWN = [name for name, info in Student.model_fields.items() if info.is_required()]
COLUMNS = tuple(
    column
    for name in _OWN
    for column in ([f"{PART}_{part}" for part in Address.model_fields] if name == PART else [name])
)
NUMBERS = {"student_id", "campus_id", f"{PART}_city_id"}
TRUTHS = {"true": True, "false": False}

# The four signs also in full width, as East Asian keyboards write them.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_ESCAPED = re.compile(f"'{_FORMULA.pattern}")
_NUMBER = re.compile(r"[0-9]{1,18}")


def header() -> str:
    """Give the first line."""
    return lines([COLUMNS])


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Write rows of cells, with the line ends of RFC 4180."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def cells(student: Mapping[str, Any]) -> list[str]:
    """Give a student's cells."""
    flat = {**student, **{f"{PART}_{name}": value for name, value in student[PART].items()}}
    return [_cell(flat[column]) for column in COLUMNS]


def student(columns: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """Give what the cells of these columns say, as a student in JSON; an empty one is absent."""
    found: dict[str, Any] = {PART: {}}
    for column, cell in zip(columns, row, strict=True):
        if cell:
            place = found[PART] if column.startswith(f"{PART}_") else found
            place[column.removeprefix(f"{PART}_")] = _value(column, cell)
    return found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _value(column: str, cell: str) -> Any:
    """Give a cell's value; what cannot be one stays text, for the validation to refuse."""
    if column in NUMBERS and _NUMBER.fullmatch(cell):
        return int(cell)
    if column == "active":
        return TRUTHS.get(cell, cell)
    return cell[1:] if _ESCAPED.match(cell) else cell
