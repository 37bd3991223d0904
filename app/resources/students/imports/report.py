"""The report on rejected lines: a file with a JSON object for each."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from app.resources.students.imports.records import BadFile, Record

Rejected = tuple[Record, str]


class Report:
    """A file that grows with the import; it is made when the first line is rejected.

    How much of it belongs to what was stored is known to the database, so what a killed run had
    written too much is written over: each rejected line is in it once.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        if size == 0:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.stat().st_size < size:
            raise BadFile(
                f"an earlier run left {size} bytes of rejected lines, and they are not in {path};"
                " name that file with --rejected, or begin anew with --again"
            )
        else:
            os.truncate(path, size)

    def write(self, at: int, rejected: Sequence[Rejected]) -> int:
        """Write on from a size, safe on the disk; returns the new size."""
        if not rejected:
            return at
        with self.path.open("ab") as file:
            file.truncate(at)
            file.write("".join(_line(record, reason) for record, reason in rejected).encode())
            file.flush()
            os.fsync(file.fileno())
            return file.tell()


def _line(record: Record, reason: str) -> str:
    text = record.raw.decode(errors="backslashreplace").rstrip("\r\n")
    told = {"line": record.line_number, "reason": reason, "text": text}
    return json.dumps(told, ensure_ascii=False) + "\n"
