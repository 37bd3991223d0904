"""`flask import-students`: students from a file into the database.

Exit status 0: every line is stored. 1: some were rejected. 2: it could not begin, or not go on; the
same command goes on where it stopped.
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
from app.resources.students.imports.run import AnotherImport, run

STDIN = Path("-")
FORMATS: dict[str, Callable[[Lines], Iterator[Record]]] = {
    "csv": csv_records,
    "ndjson": ndjson_records,
}
EXTENSIONS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
HELP = """Add the students of FILE, CSV or NDJSON; - reads standard input.

Rejected lines are reported with their number and reason. Whatever ends it, the same command goes
on where it stopped: a file with the same content is imported once."""


def register(app: Flask) -> None:
    """Add the command."""

    @app.cli.command("import-students", help=HELP)
    @click.argument(
        "file", type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
    )
    @click.option(
        "--format", "kind", type=click.Choice(list(FORMATS)), help="If the name does not say."
    )
    @click.option(
        "--rejected",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The report.  [FILE.rejected.ndjson]",
    )
    @click.option("--again", is_flag=True, help="Import it once more, from its beginning.")
    def import_students(file: Path, kind: str | None, rejected: Path | None, again: bool) -> None:
        database: Database = app.extensions["database"]
        report_path = rejected or _default_report(file)
        try:
            kind = kind or _kind_of(file)
            with _opened(file) as source:
                end = _import(database, source, FORMATS[kind], report_path, again)
        except (BadFile, OSError, AnotherImport, DatabaseError) as error:
            click.echo(f"import-students: {file}: {_in_words(error)}", err=True)
            raise SystemExit(2) from None
        click.echo(f"{end.stored_lines:,} stored, {end.rejected_lines:,} rejected")
        if end.rejected_lines:
            click.echo(f"the rejected lines are in {report_path}", err=True)
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
    records = records_of(Lines(source, progress.place))
    # On a terminal only, as `disable=None` says.
    with tqdm(
        total=size, initial=progress.position, unit="B", unit_scale=True, disable=None, leave=False
    ) as bar:
        for now, rejected in run(database, records, progress, report):
            for record, reason in rejected:
                tqdm.write(f"line {record.line_number}: {reason}", file=sys.stderr)
            bar.update(now.position - bar.n)
            progress = now
    return progress


@contextmanager
def _opened(file: Path) -> Iterator[BufferedIOBase]:
    """Open a file that can be read twice: once for its fingerprint."""
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
        raise BadFile("its name does not tell what it is; give --format csv or --format ndjson")
    return EXTENSIONS[file.suffix.lower()]


def _default_report(file: Path) -> Path:
    name = "stdin" if file == STDIN else file.name
    return file.with_name(f"{name}.rejected.ndjson")


def _in_words(error: Exception) -> str:
    if isinstance(error, DatabaseError | AnotherImport):
        return f"{type(error).__doc__} The same command goes on where this one stopped."
    return str(error)
