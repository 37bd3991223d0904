"""Stores the students of a file, 500 records per transaction.

The progress is stored in the same transaction, so an interrupted import continues after the last
record that was processed. For the same reason, a transaction can be retried safely: after a
deadlock, a lost connection, a lost response to COMMIT, and for up to a minute while the server is
unavailable.
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

Rejection = ConstraintViolation | InvalidValue
REJECTIONS: tuple[type[Rejection], ...] = (ConstraintViolation, InvalidValue)


class ImportInProgress(Exception):
    """Another process is importing the same file."""


def run(
    database: Database, records: Iterator[Record], progress: Progress, report: Report
) -> Iterator[tuple[Progress, list[Rejected]]]:
    """Store all records; yield the progress and the rejected records of each transaction."""
    while batch := list(islice(records, RECORDS_PER_TRANSACTION)):
        transaction = _BatchTransaction(batch, progress, report)
        progress = _run_with_retries(database, transaction)
        yield progress, transaction.rejected


class _BatchTransaction:
    """Stores one batch and the progress, unless an earlier attempt has already stored them."""

    def __init__(self, batch: Sequence[Record], before: Progress, report: Report) -> None:
        self._batch = batch
        self._before = before
        self._report = report
        self.rejected: list[Rejected] = []

    def __call__(self, tx: Transaction) -> Progress:
        end = self._batch[-1].end
        found = queries.lock(tx, self._before.import_progress_id)
        if found and found.file_position == end:
            return found  # committed before, but the response to COMMIT was lost
        if found != self._before:
            raise ImportInProgress
        self._store(tx)
        after = replace(
            self._before,
            position=end.offset,
            line_number=end.line_number,
            stored_lines=self._before.stored_lines + len(self._batch) - len(self.rejected),
            rejected_lines=self._before.rejected_lines + len(self.rejected),
            # Written before COMMIT: if that fails, the next run overwrites it.
            report_size=self._report.write(self._before.report_size, self.rejected),
        )
        queries.save(tx, after)
        return after

    def _store(self, tx: Transaction) -> None:
        valid = [record.student for record in self._batch if record.student]
        results = iter(run_for_each(tx, valid, _insert, REJECTIONS))
        self.rejected = []
        for record in self._batch:
            rejection = next(results) if record.student else None
            if rejection is not None:
                self.rejected.append((record, _message(rejection)))
            elif not record.student:
                self.rejected.append((record, record.reason))


def _insert(tx: Transaction, values: Sequence[dict[str, Any]]) -> list[None]:
    students.insert_many(tx, values)
    return [None] * len(values)


def _message(rejection: Rejection) -> str:
    column = rejection.column if isinstance(rejection, ConstraintViolation) else None
    detail = problem_from(rejection).detail
    return f"{column}: {detail}" if column else detail


def _run_with_retries(database: Database, transaction: _BatchTransaction) -> Progress:
    """Run a transaction and retry while the server is unavailable.

    Raises the last error after `WAIT_FOR_SERVER_SECONDS`.
    """
    deadline = now() + WAIT_FOR_SERVER_SECONDS
    while True:
        try:
            return database.run_transaction(transaction, idempotent=True)
        except (DatabaseUnavailable, OutcomeUnknown, TransactionConflict) as error:
            if isinstance(error, AccessDenied) or now() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
