"""The report of rejected lines: an NDJSON file with one object per line."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from app.resources.students.imports.records import BadFile, Record

Rejected = tuple[Record, str]


class Report:
    """A file that grows with the import and is created when the first line is rejected.

    Its valid size is stored in the database with the progress. Anything that an interrupted run
    wrote beyond that size is overwritten, so each rejected line is in the report exactly once.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        if size == 0:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.stat().st_size < size:
            raise BadFile(
                f"an earlier run wrote {size} bytes of rejected lines, which are not in {path};"
                " specify that file with --rejected, or start over with --again"
            )
        else:
            os.truncate(path, size)

    def write(self, at: int, rejected: Sequence[Rejected]) -> int:
        """Append at this size, sync the file to disk, and return the new size."""
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
    entry = {"line": record.line_number, "reason": reason, "text": text}
    return json.dumps(entry, ensure_ascii=False) + "\n"
