"""What the lines of a file say: a student to be stored, or why there is none.

NDJSON has a student a line, as the API gives and takes them. CSV is that of RFC 4180 with the
columns of `csv_form`; its first line names those that are there, in any order. Both
are validated by one model, as JSON. `student_id` and `last_update`, which an export has, are given
anew; `create_date` is kept.
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from app.http.types import Key, Timestamp, message_of
from app.resources.addresses.schemas import Address
from app.resources.students import csv_form
from app.resources.students.imports.lines import MAX_LINE_BYTES, Lines, Place
from app.resources.students.schemas import StudentBody

TOO_LONG = f"it is longer than {MAX_LINE_BYTES:,} bytes"


class BadFile(Exception):
    """The file cannot be imported as a whole; nothing of it was stored."""


class StudentRecord(StudentBody):
    """A student as a file has them."""

    student_id: Key | None = Field(None, exclude=True)
    create_date: Timestamp | None = None
    last_update: Timestamp | None = Field(None, exclude=True)


@dataclass(frozen=True, slots=True)
class Record:
    """What begins at a line: its bytes, where it ends, and the student, or the reason for none."""

    line_number: int
    raw: bytes
    end: Place
    student: dict[str, Any] | None = None
    reason: str = ""


def ndjson_records(lines: Lines) -> Iterator[Record]:
    """Read a student a line; empty lines are passed over."""
    for line in lines:
        if line.strip():
            number = lines.place.line_number
            yield _record(number, line, lines.place, lambda text: text)


def csv_records(lines: Lines) -> Iterator[Record]:
    """Read CSV whose first line was not read yet, or that goes on; raises `BadFile`."""
    at = lines.place
    lines.go_to(Place())
    columns = _columns(lines)
    if at.position:
        lines.go_to(at)
    while True:
        record = _Quoted(lines)
        try:
            cells = next(csv.reader(record, strict=True))
        except StopIteration:
            return
        except csv.Error as error:
            # Nobody can tell where it was meant to end: the lines after its first are read anew.
            lines.go_to(record.ends[0])
            raw, reason = record.lines[0], f"it is not well-formed CSV ({error})"
            yield Record(record.ends[0].line_number, raw, record.ends[0], reason=reason)
            continue
        if cells:
            yield _csv_record(record, columns, cells)


class _Quoted:
    """The lines of one record, as many as `csv` asks for: a quoted cell may have line ends."""

    def __init__(self, lines: Lines) -> None:
        self._source = lines
        self.lines: list[bytes] = []
        self.ends: list[Place] = []

    def __iter__(self) -> "_Quoted":
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.lines.append(line)
        self.ends.append(self._source.place)
        if sum(map(len, self.lines)) > MAX_LINE_BYTES:
            raise csv.Error(TOO_LONG)
        # What is no UTF-8 is refused once it is known where the record ends.
        return line.decode(errors="surrogateescape")


def _columns(lines: Lines) -> list[str]:
    try:
        columns = next(csv.reader(_Quoted(lines), strict=True), [])
    except csv.Error as error:
        raise BadFile(f"its first line is not well-formed CSV ({error})") from None
    unknown = [column for column in columns if column not in csv_form.COLUMNS]
    if unknown or len(set(columns)) < len(columns):
        allowed = ", ".join(csv_form.COLUMNS)
        raise BadFile(
            f"its first line has to name columns, each once; unknown or repeated: "
            f"{', '.join(unknown) or 'one of them'}; use some of {allowed}"
        )
    missing = [column for column in _REQUIRED if column not in columns]
    if missing:
        raise BadFile(f"its first line lacks the columns {', '.join(missing)}")
    return columns


_REQUIRED = [
    *(f"{csv_form.PART}_{name}" for name, it in Address.model_fields.items() if it.is_required()),
    *(
        name
        for name, it in StudentBody.model_fields.items()
        if it.is_required() and name != csv_form.PART
    ),
]


def _csv_record(record: _Quoted, columns: Sequence[str], cells: Sequence[str]) -> Record:
    number, raw, end = record.ends[0].line_number, b"".join(record.lines), record.ends[-1]
    if len(cells) != len(columns):
        reason = f"it has {len(cells)} columns, the first line names {len(columns)}"
        return Record(number, raw, end, reason=reason)
    return _record(number, raw, end, lambda _: json.dumps(csv_form.student(columns, cells)))


def _record(number: int, raw: bytes, end: Place, as_json: Callable[[str], str]) -> Record:
    try:
        if len(raw) > MAX_LINE_BYTES:
            return Record(number, raw, end, reason=TOO_LONG)
        text = as_json(raw.decode())
        return Record(number, raw, end, StudentRecord.model_validate_json(text).model_dump())
    except UnicodeDecodeError as error:
        return Record(number, raw, end, reason=f"its byte {error.start + 1} is not UTF-8")
    except ValidationError as error:
        return Record(number, raw, end, reason=_in_words(error))


def _in_words(error: ValidationError) -> str:
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, item["loc"])), message_of(item)]))
        for item in error.errors(include_url=False, include_input=False)
    )
