"""Removes the files of ended processes from the folder of the metrics; their counters remain."""

import os
from contextlib import suppress
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

REPORTS = "status-*.json"


def remove_files(folder: Path) -> None:
    """Remove the gauges and the reports that the ended processes have left behind.

    Done by the worker that is asked for them, because not every server tells its master when a
    worker has ended.
    """
    for file in folder.glob("gauge_live*_*.db"):
        process_id = int(file.stem.rpartition("_")[2])
        if not _is_running(process_id):
            with suppress(FileNotFoundError):  # another worker was faster
                mark_process_dead(process_id, str(folder))  # type: ignore[no-untyped-call]
    for file in folder.glob(REPORTS):
        if not _is_running(int(file.stem.rpartition("-")[2])):
            file.unlink(missing_ok=True)


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
