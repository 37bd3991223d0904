"""The CSV format of students (RFC 4180), written by the export and read by the import.

The columns are the fields of a student; those of the address are prefixed, as in `address_city_id`.
A cell that a spreadsheet would evaluate as a formula is escaped with a leading apostrophe (OWASP,
"CSV Injection"). Cells in which apostrophes precede the start of a formula are escaped too, so that
the import can remove exactly the apostrophe that was added.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.resources.addresses.schemas import Address
from app.resources.students.schemas import Student

ADDRESS = "address"
_FIELDS = [name for name, info in Student.model_fields.items() if info.is_required()]
COLUMNS = tuple(
    column
    for name in _FIELDS
    for column in (
        [f"{ADDRESS}_{part}" for part in Address.model_fields] if name == ADDRESS else [name]
    )
)
INTEGER_COLUMNS = {"student_id", "campus_id", f"{ADDRESS}_city_id"}
BOOLEANS = {"true": True, "false": False}

# The four signs also in full width, as typed on East Asian keyboards.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_ESCAPED = re.compile(f"'{_FORMULA.pattern}")
_NUMBER = re.compile(r"[0-9]{1,18}")


def header() -> str:
    """Return the header line."""
    return to_csv([COLUMNS])


def to_csv(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as CSV, with CRLF line ends."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def to_row(student: Mapping[str, Any]) -> list[str]:
    """Return the cells of a student."""
    address = {f"{ADDRESS}_{name}": value for name, value in student[ADDRESS].items()}
    values = {**student, **address}
    return [_to_cell(values[column]) for column in COLUMNS]


def from_row(columns: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """Return the student in the cells of these columns; empty cells are left out."""
    student: dict[str, Any] = {ADDRESS: {}}
    for column, cell in zip(columns, row, strict=True):
        if cell:
            target = student[ADDRESS] if column.startswith(f"{ADDRESS}_") else student
            target[column.removeprefix(f"{ADDRESS}_")] = _from_cell(column, cell)
    return student


def _to_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _from_cell(column: str, cell: str) -> Any:
    """Return the value of a cell; an invalid value stays text, which validation then rejects."""
    if column in INTEGER_COLUMNS and _NUMBER.fullmatch(cell):
        return int(cell)
    if column == "active":
        return BOOLEANS.get(cell, cell)
    return cell[1:] if _ESCAPED.match(cell) else cell
