"""Reports of the workers' connections, in the folder of their metrics.

Whoever answers a request for the status touches a file there. Each worker looks at that file
again and again, at most twice a second. While it is touched, the worker writes its
report about once a second; otherwise it writes nothing. Without such a folder, or under a server
that does not call `write_if_watched`, only the worker that answers is shown.
"""

import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.db.clock import now
from app.db.pool_snapshot import PoolSnapshot
from app.operations.ended_processes import REPORTS, remove_files

log = logging.getLogger(__name__)

EXTENSION = "worker_reports"  # of the Flask application
WATCH_FILE = "status-watched"
LOOK_INTERVAL_SECONDS = 0.5
# For this time after the last request for the status, reports are written. An older one belongs to
# a worker that has ended.
WATCHED_SECONDS = 5.0

Report = dict[str, Any]


class WorkerReports:
    """The reports in one folder. `snapshots` is `Database.snapshots`."""

    def __init__(self, snapshots: Callable[[], dict[str, PoolSnapshot]], folder: Path | None):
        # Created before the workers are forked, so they share it.
        self.instance_id = secrets.token_hex(8)
        self._snapshots = snapshots
        self._folder = folder
        self._next_look_at = self._watched_until = 0.0
        # The time of the last touch, by the clock of the file system: only changes matter.
        self._touched_at_ns: int | None = None

    def write_if_watched(self) -> None:
        """Write the report of this worker if somebody watches; to be called again and again."""
        moment = now()
        if self._folder is None or moment < self._next_look_at:
            return
        self._next_look_at = moment + LOOK_INTERVAL_SECONDS
        touched_at_ns = _touched_at_ns(self._folder / WATCH_FILE)
        # At the first look, it is not known how long ago that was.
        if touched_at_ns != self._touched_at_ns and self._touched_at_ns is not None:
            self._watched_until = moment + WATCHED_SECONDS
        self._touched_at_ns = touched_at_ns
        if moment < self._watched_until:
            self._write(self._folder)

    def read_all(self) -> list[Report]:
        """Return the reports of all workers by process id, and ask them for new ones."""
        reports = {os.getpid(): self._report()}
        if self._folder is not None:
            remove_files(self._folder)
            (self._folder / WATCH_FILE).touch()
            for file in self._folder.glob(REPORTS):
                if (report := _read(file)) and _is_current(report):
                    reports.setdefault(report["process_id"], report)
        return [reports[process_id] for process_id in sorted(reports)]

    def _report(self) -> Report:
        pools = {name: asdict(pool) for name, pool in self._snapshots().items()}
        return {"process_id": os.getpid(), "written_at": now(), "pools": pools}

    def _write(self, folder: Path) -> None:
        file = report_file(folder, os.getpid())
        # Renamed when it is complete: other workers read it at any time.
        unfinished = file.with_suffix(".new")
        try:
            unfinished.write_text(json.dumps(self._report()))
            unfinished.replace(file)
        except Exception as error:
            # A full disk, or a strategy of a user's own: neither may end the worker.
            log.warning("the status of this worker cannot be written: %r", error)


def report_file(folder: Path, process_id: int) -> Path:
    """Return the file of a worker's report."""
    return folder / REPORTS.replace("*", str(process_id))


def _touched_at_ns(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read(file: Path) -> Report | None:
    try:
        report: Report = json.loads(file.read_text())
    except FileNotFoundError:  # its worker has just ended
        return None
    return report


def _is_current(report: Report) -> bool:
    # After a restart of the machine, the clock of an old report may be ahead.
    age_seconds: float = now() - report["written_at"]
    return 0 <= age_seconds <= WATCHED_SECONDS
