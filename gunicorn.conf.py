"""How gunicorn serves the application; every value comes from the settings."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

# Heartbeats and figures must not wait for a disk, and the file system may be read-only.
MEMORY = "/dev/shm" if sys.platform == "linux" else None  # noqa: S108
# The folder in which the workers keep their figures for /metrics: one that is given, or one of
# our own, which goes when the master does. prometheus_client looks for it when it is imported,
# so it has to be known before the application is.
FIGURES = "PROMETHEUS_MULTIPROC_DIR"
OWN = "student-data-figures-"


def _remove(folder: str, master: int) -> None:
    if os.getpid() == master:  # a worker runs this, too, when it ends
        shutil.rmtree(folder, ignore_errors=True)


if FIGURES not in os.environ:  # a reload (HUP) finds ours
    os.environ[FIGURES] = tempfile.mkdtemp(prefix=OWN, dir=MEMORY)
    atexit.register(_remove, os.environ[FIGURES], os.getpid())
Path(os.environ[FIGURES]).mkdir(parents=True, exist_ok=True)

from dotenv import dotenv_values  # noqa: E402
from prometheus_client.multiprocess import mark_process_dead  # noqa: E402

from app.operations import logs, start  # noqa: E402
from app.operations.gunicorn import answers  # noqa: E402
from app.operations.gunicorn.logger import QuietLogger  # noqa: E402
from app.operations.gunicorn.worker import StayingWorker  # noqa: E402
from app.settings import BadSettings, load_settings  # noqa: E402

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

try:
    settings = load_settings()
except BadSettings as error:
    sys.exit(f"cannot start: {error}")

bind = (
    f"[{settings.host}]:{settings.port}"
    if ":" in settings.host
    else f"{settings.host}:{settings.port}"
)
workers = settings.web_concurrency
worker_class = StayingWorker
threads = settings.worker_threads
# Loaded once and forked: safe, since nothing is connected before the first request.
preload_app = True
graceful_timeout = settings.graceful_timeout_seconds
logconfig_dict = logs.configuration(settings.log_level, settings.log_format)
logger_class = QuietLogger
worker_tmp_dir = MEMORY
control_socket_disable = True
answers.install()


def on_starting(server: "Arbiter") -> None:
    """Refuse to start on what cannot work, in one line; warn of what will not last."""
    if server.master_pid == 0:  # else this is an upgrade (USR2): the old workers still count
        for file in Path(os.environ[FIGURES]).glob("*.db"):
            file.unlink()
    try:
        start.check(settings, {*os.environ, *dotenv_values(".env")})
    except BadSettings as error:
        sys.exit(f"cannot start: {error}")


def pre_exec(server: "Arbiter") -> None:
    """Let the master that replaces this one (USR2) make a folder of its own."""
    if OWN in server.cfg.env_orig.get(FIGURES, ""):
        del server.cfg.env_orig[FIGURES]


def child_exit(server: "Arbiter", worker: "Worker") -> None:
    """Forget what a worker that has ended was doing; what it counted stays."""
    del server
    mark_process_dead(worker.pid)
