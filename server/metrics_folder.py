"""The folder in which the workers of one service store their metrics.

Standard library only: prometheus_client reads PROMETHEUS_MULTIPROC_DIR when it is imported, and
every module of the application imports prometheus_client, so `create` is called before.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "service-metrics-"
# Metrics must not wait for a disk, and the file system may be read-only.
SHARED_MEMORY = "/dev/shm" if sys.platform == "linux" else None  # noqa: S108


def create() -> None:
    """Create the folder; if the variable is not set, a temporary one that this process removes."""
    if VARIABLE not in os.environ:  # set after a reload
        os.environ[VARIABLE] = tempfile.mkdtemp(prefix=PREFIX, dir=SHARED_MEMORY)
        atexit.register(_remove, os.environ[VARIABLE], os.getpid())
    Path(os.environ[VARIABLE]).mkdir(parents=True, exist_ok=True)


def empty() -> None:
    """Remove the metrics and the reports of an earlier run."""
    folder = Path(os.environ[VARIABLE])
    for file in (*folder.glob("*.db"), *folder.glob("status-*.json")):
        file.unlink()


def is_temporary(folder: str) -> bool:
    """Return whether `create` has made this folder."""
    return PREFIX in folder


def _remove(folder: str, master: int) -> None:
    if os.getpid() == master:  # a forked worker also runs this when it ends
        shutil.rmtree(folder, ignore_errors=True)
