"""Removes the gauges of ended processes from the folder of the metrics; their counters remain."""

import os
from contextlib import suppress
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead


def remove_gauges(folder: str) -> None:
    """Remove the gauges that the ended processes have left behind.

    Done by the worker that is asked for the metrics, because not every server tells its master
    when a worker has ended.
    """
    for file in Path(folder).glob("gauge_live*_*.db"):
        process_id = int(file.stem.rpartition("_")[2])
        if not _is_running(process_id):
            with suppress(FileNotFoundError):  # another worker was faster
                mark_process_dead(process_id, folder)  # type: ignore[no-untyped-call]


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
