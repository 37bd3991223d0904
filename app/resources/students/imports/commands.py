"""`flask import-students`: import students from a file.

Exit status 0: all records were stored. 1: some were rejected. 2: the import could not start or was
interrupted; the same command continues it.
"""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

import click
from flask import Flask
from tqdm import tqdm

from app.db.database import Database
from app.db.errors import DatabaseError
from app.resources.students.imports import queries
from app.resources.students.imports.lines import Lines
from app.resources.students.imports.queries import Progress
from app.resources.students.imports.records import BadFile, Record, csv_records, ndjson_records
from app.resources.students.imports.report import Report
from app.resources.students.imports.run import ImportInProgress, run

STDIN = Path("-")
FORMATS: dict[str, Callable[[Lines], Iterator[Record]]] = {
    "csv": csv_records,
    "ndjson": ndjson_records,
}
EXTENSIONS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
HELP = """Import students from FILE (CSV or NDJSON; - is standard input).

Rejected records are reported with their line number and the reason. If the import is interrupted,
the same command continues it. A file with the same content is imported only once."""


def register(app: Flask) -> None:
    """Add the command to the application."""

    @app.cli.command("import-students", help=HELP)
    @click.argument(
        "file", type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
    )
    @click.option(
        "--format",
        "kind",
        type=click.Choice(list(FORMATS)),
        help="Format of FILE, if its name has no known extension.",
    )
    @click.option(
        "--rejected",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Report of rejected records.  [default: FILE.rejected.ndjson]",
    )
    @click.option("--again", is_flag=True, help="Import the file again from the beginning.")
    def import_students(file: Path, kind: str | None, rejected: Path | None, again: bool) -> None:
        database: Database = app.extensions["database"]
        report_path = rejected or _default_report(file)
        try:
            kind = kind or _kind_of(file)
            with _opened(file) as source:
                progress = _import(database, source, FORMATS[kind], report_path, again)
        except (BadFile, OSError, ImportInProgress, DatabaseError) as error:
            click.echo(f"import-students: {file}: {_message(error)}", err=True)
            raise SystemExit(2) from None
        click.echo(f"{progress.stored_lines:,} stored, {progress.rejected_lines:,} rejected")
        if progress.rejected_lines:
            click.echo(f"rejected records written to {report_path}", err=True)
            raise SystemExit(1)


def _import(
    database: Database,
    source: BufferedIOBase,
    records_of: Callable[[Lines], Iterator[Record]],
    report_path: Path,
    again: bool,
) -> Progress:
    fingerprint = hashlib.file_digest(source, "sha256").digest()
    size = source.tell()
    progress = database.run_transaction(
        lambda tx: queries.find_or_add(tx, fingerprint, again=again)
    )
    report = Report(report_path, progress.report_size)
    records = records_of(Lines(source, progress.file_position))
    # `disable=None`: only on a terminal.
    with tqdm(
        total=size, initial=progress.position, unit="B", unit_scale=True, disable=None, leave=False
    ) as bar:
        for current, rejected in run(database, records, progress, report):
            for record, reason in rejected:
                tqdm.write(f"line {record.line_number}: {reason}", file=sys.stderr)
            bar.update(current.position - bar.n)
            progress = current
    return progress


@contextmanager
def _opened(file: Path) -> Iterator[BufferedIOBase]:
    """Open a seekable file, since it is read twice; standard input is copied first."""
    if file != STDIN:
        with file.open("rb") as opened:
            yield opened
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.seek(0)
        yield copy


def _kind_of(file: Path) -> str:
    if file.suffix.lower() not in EXTENSIONS:
        raise BadFile("unknown file extension; specify --format csv or --format ndjson")
    return EXTENSIONS[file.suffix.lower()]


def _default_report(file: Path) -> Path:
    name = "stdin" if file == STDIN else file.name
    return file.with_name(f"{name}.rejected.ndjson")


def _message(error: Exception) -> str:
    if isinstance(error, DatabaseError | ImportInProgress):
        return f"{type(error).__doc__} Run the same command again to continue."
    return str(error)
