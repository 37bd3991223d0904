"""Parses and validates the students in a file.

NDJSON files have one student per line, with the fields of the API. CSV files (RFC 4180) have the
columns of `csv_format`, in any order; the header line names the columns that are present. Both are
converted to JSON and validated by the same model. An exported file can be imported: `create_date`
is kept, `student_id` and `last_update` are ignored.
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from app.http.problems import MAX_ERRORS
from app.http.types import Key, Timestamp, message_of
from app.http.validation import shortened
from app.resources.addresses.schemas import Address
from app.resources.students import csv_format
from app.resources.students.imports.lines import MAX_LINE_BYTES, Lines, Position
from app.resources.students.schemas import StudentBody

TOO_LONG = f"longer than {MAX_LINE_BYTES:,} bytes"


class BadFile(Exception):
    """The file cannot be imported; nothing was stored."""


class StudentRecord(StudentBody):
    """A student in a file."""

    student_id: Key | None = Field(None, exclude=True)
    create_date: Timestamp | None = None
    last_update: Timestamp | None = Field(None, exclude=True)


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the file: its first line, bytes and end; the student or a rejection reason."""

    line_number: int
    raw: bytes
    end: Position
    student: dict[str, Any] | None = None
    reason: str = ""


def ndjson_records(lines: Lines) -> Iterator[Record]:
    """Return the records of an NDJSON file; empty lines are skipped."""
    for line in lines:
        if line.strip():
            number = lines.position.line_number
            yield _record(number, line, lines.position, lambda text: text)


def csv_records(lines: Lines) -> Iterator[Record]:
    """Return the records of a CSV file, from the start or the current position of `lines`.

    Raises `BadFile` if the header line is invalid.
    """
    start = lines.position
    lines.seek(Position())
    columns = _columns(lines)
    if start.offset:
        lines.seek(start)
    while True:
        record = _RecordLines(lines)
        try:
            cells = next(csv.reader(record, strict=True))
        except StopIteration:
            return
        except csv.Error as error:
            # The intended end of the record is unknown: continue with its second line.
            lines.seek(record.ends[0])
            raw, reason = record.lines[0], f"not well-formed CSV ({error})"
            yield Record(record.ends[0].line_number, raw, record.ends[0], reason=reason)
            continue
        if cells:
            yield _csv_record(record, columns, cells)


class _RecordLines:
    """Iterator over the lines of one CSV record, which may have line ends in quoted cells."""

    def __init__(self, lines: Lines) -> None:
        self._source = lines
        self.lines: list[bytes] = []
        self.ends: list[Position] = []

    def __iter__(self) -> "_RecordLines":
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.lines.append(line)
        self.ends.append(self._source.position)
        if sum(map(len, self.lines)) > MAX_LINE_BYTES:
            raise csv.Error(TOO_LONG)
        # Bytes that are not UTF-8 are rejected later, when the end of the record is known.
        return line.decode(errors="surrogateescape")


def _columns(lines: Lines) -> list[str]:
    try:
        columns = next(csv.reader(_RecordLines(lines), strict=True), [])
    except csv.Error as error:
        raise BadFile(f"the header line is not well-formed CSV ({error})") from None
    unknown = [column for column in columns if column not in csv_format.COLUMNS]
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if unknown or repeated:
        allowed = ", ".join(csv_format.COLUMNS)
        raise BadFile(
            f"the header line has unknown or repeated columns ({', '.join(unknown or repeated)}); "
            f"use each of these at most once: {allowed}"
        )
    missing = [column for column in _REQUIRED if column not in columns]
    if missing:
        raise BadFile(f"the header line lacks the columns {', '.join(missing)}")
    return columns


_REQUIRED = [
    *(
        f"{csv_format.ADDRESS}_{name}"
        for name, it in Address.model_fields.items()
        if it.is_required()
    ),
    *(
        name
        for name, it in StudentBody.model_fields.items()
        if it.is_required() and name != csv_format.ADDRESS
    ),
]


def _csv_record(record: _RecordLines, columns: Sequence[str], cells: Sequence[str]) -> Record:
    number, raw, end = record.ends[0].line_number, b"".join(record.lines), record.ends[-1]
    if len(cells) != len(columns):
        reason = f"{len(cells)} columns, but the header line has {len(columns)}"
        return Record(number, raw, end, reason=reason)
    return _record(number, raw, end, lambda _: json.dumps(csv_format.from_row(columns, cells)))


def _record(number: int, raw: bytes, end: Position, as_json: Callable[[str], str]) -> Record:
    try:
        if len(raw) > MAX_LINE_BYTES:
            return Record(number, raw, end, reason=TOO_LONG)
        text = as_json(raw.decode())
        return Record(number, raw, end, StudentRecord.model_validate_json(text).model_dump())
    except UnicodeDecodeError as error:
        return Record(number, raw, end, reason=f"byte {error.start + 1} is not UTF-8")
    except ValidationError as error:
        return Record(number, raw, end, reason=_message(error))


def _message(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)
    messages = [
        ": ".join(filter(None, [shortened(".".join(map(str, item["loc"]))), message_of(item)]))
        for item in found[:MAX_ERRORS]
    ]
    if len(found) > MAX_ERRORS:
        messages.append(f"and {len(found) - MAX_ERRORS:,} more")
    return "; ".join(messages)
