"""The CSV format of students (RFC 4180), written by the export and read by the import.

The columns are the fields of a student; those of the address are prefixed, as in `address_city_id`.
A cell that a spreadsheet would evaluate as a formula is escaped with a leading apostrophe (OWASP,
"CSV Injection"). Depending on its language, a spreadsheet also splits cells at semicolons or tabs,
even within quotation marks, so each part of a cell is escaped like a whole one. Apostrophes before
a formula do not prevent the escaping, so that the import can remove exactly what was added.
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

_SEPARATORS = r",;|\t\r\n"
# The four signs also in full width, as typed on East Asian keyboards.
_SIGNS = r"=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
# Characters that a spreadsheet may skip before a formula: quotation marks, controls, spaces, and
# Default_Ignorable_Code_Point (Unicode Character Database, DerivedCoreProperties.txt).
_SKIPPED = (
    r"""'"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"""
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
_FORMULA = f"[{_SKIPPED}]*[{_SIGNS}]"
# Matched with a separator before the cell, which makes its first part like the others.
_UNESCAPED = re.compile(f"[{_SEPARATORS}](?={_FORMULA})")
_ESCAPED = re.compile(f"[{_SEPARATORS}]'(?={_FORMULA})")
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
    return [to_cell(values[column]) for column in COLUMNS]


def from_row(columns: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """Return the student in the cells of these columns; empty cells are left out."""
    student: dict[str, Any] = {ADDRESS: {}}
    for column, cell in zip(columns, row, strict=True):
        if cell:
            target = student[ADDRESS] if column.startswith(f"{ADDRESS}_") else student
            target[column.removeprefix(f"{ADDRESS}_")] = from_cell(column, cell)
    return student


def to_cell(value: Any) -> str:
    """Return the text of a value, escaped against evaluation as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _UNESCAPED.sub(lambda separator: f"{separator[0]}'", f",{value}")[1:]


def from_cell(column: str, cell: str) -> Any:
    """Return the value of a cell, without escaping.

    An invalid value stays text, which validation then rejects.
    """
    if column in INTEGER_COLUMNS and _NUMBER.fullmatch(cell):
        return int(cell)
    if column == "active":
        return BOOLEANS.get(cell, cell)
    return _ESCAPED.sub(lambda escape: escape[0][0], f",{cell}")[1:]
