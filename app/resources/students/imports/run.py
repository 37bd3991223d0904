"""Stores the students of a file, some hundreds in a transaction.

How far it came is stored in the same transaction, so the two cannot disagree: whenever a run ends,
the next one goes on behind the last line that was dealt with. So a unit can be repeated without
harm, too, and is: after a deadlock, a lost connection, an answer that never came, and for a minute
while there is no server.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from app.db.clock import now
from app.db.database import Database
from app.db.errors import (
    AccessDenied,
    ConstraintViolation,
    DatabaseUnavailable,
    InvalidValue,
    OutcomeUnknown,
    TransactionConflict,
)
from app.db.savepoints import run_for_each
from app.db.transaction import Transaction
from app.http.error_handlers import problem_from
from app.resources.students import queries as students
from app.resources.students.imports import queries
from app.resources.students.imports.queries import Progress
from app.resources.students.imports.records import Record
from app.resources.students.imports.report import Rejected, Report

RECORDS_PER_TRANSACTION = 500
WAIT_FOR_SERVER_SECONDS = 60
PAUSE_SECONDS = 0.25

Refusal = ConstraintViolation | InvalidValue
REFUSALS: tuple[type[Refusal], ...] = (ConstraintViolation, InvalidValue)


class AnotherImport(Exception):
    """Somebody else is importing the same file."""


def run(
    database: Database, records: Iterator[Record], progress: Progress, report: Report
) -> Iterator[tuple[Progress, list[Rejected]]]:
    """Store all records; tells after each transaction how far it is and what it rejected."""
    while batch := list(islice(records, RECORDS_PER_TRANSACTION)):
        unit = _Unit(batch, progress, report)
        progress = _patiently(database, unit)
        yield progress, unit.rejected


class _Unit:
    """What one transaction does; it finds out itself whether it has been done."""

    def __init__(self, batch: Sequence[Record], before: Progress, report: Report) -> None:
        self._batch = batch
        self._before = before
        self._report = report
        self.rejected: list[Rejected] = []

    def __call__(self, tx: Transaction) -> Progress:
        end = self._batch[-1].end
        found = queries.lock(tx, self._before.import_progress_id)
        if found and found.place == end:
            return found  # the answer to an earlier COMMIT was lost, and no more
        if found != self._before:
            raise AnotherImport
        self._store(tx)
        after = replace(
            self._before,
            position=end.position,
            line_number=end.line_number,
            stored_lines=self._before.stored_lines + len(self._batch) - len(self.rejected),
            rejected_lines=self._before.rejected_lines + len(self.rejected),
            # Before the COMMIT: a report on what is not stored is mended by the next run.
            report_size=self._report.write(self._before.report_size, self.rejected),
        )
        queries.save(tx, after)
        return after

    def _store(self, tx: Transaction) -> None:
        valid = [record.student for record in self._batch if record.student]
        results = iter(run_for_each(tx, valid, _insert, REFUSALS))
        self.rejected = []
        for record in self._batch:
            refusal = next(results) if record.student else None
            if refusal is not None:
                self.rejected.append((record, _in_words(refusal)))
            elif not record.student:
                self.rejected.append((record, record.reason))


def _insert(tx: Transaction, values: Sequence[dict[str, Any]]) -> list[None]:
    students.insert_many(tx, values)
    return [None] * len(values)


def _in_words(refusal: Refusal) -> str:
    column = refusal.column if isinstance(refusal, ConstraintViolation) else None
    detail = problem_from(refusal).detail
    return f"{column}: {detail}" if column else detail


def _patiently(database: Database, unit: _Unit) -> Progress:
    """Run the unit, again while the server is away; raises what happened last after a minute."""
    deadline = now() + WAIT_FOR_SERVER_SECONDS
    while True:
        try:
            return database.run_transaction(unit, idempotent=True)
        except (DatabaseUnavailable, OutcomeUnknown, TransactionConflict) as error:
            if isinstance(error, AccessDenied) or now() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
