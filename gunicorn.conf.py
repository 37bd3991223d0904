"""gunicorn's configuration; all values come from the settings."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

# Heartbeats and metrics must not wait for a disk, and the file system may be read-only.
SHARED_MEMORY = "/dev/shm" if sys.platform == "linux" else None  # noqa: S108
# The folder of the workers' metrics. If the variable is not set, a folder is created here and
# removed when the master ends. prometheus_client reads the variable on import, and every module
# of the application imports prometheus_client, so it is set first.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FOLDER_PREFIX = "gunicorn-metrics-"


def _remove(folder: str, master: int) -> None:
    if os.getpid() == master:  # a worker also runs this when it ends
        shutil.rmtree(folder, ignore_errors=True)


if FOLDER_VARIABLE not in os.environ:  # set after a reload (HUP)
    os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=SHARED_MEMORY)
    atexit.register(_remove, os.environ[FOLDER_VARIABLE], os.getpid())
Path(os.environ[FOLDER_VARIABLE]).mkdir(parents=True, exist_ok=True)

from dotenv import dotenv_values  # noqa: E402
from prometheus_client.multiprocess import mark_process_dead  # noqa: E402

from app.operations import logs, startup_checks  # noqa: E402
from app.operations.gunicorn import error_responses, memory_allocator  # noqa: E402
from app.operations.gunicorn.logger import QuietLogger  # noqa: E402
from app.operations.gunicorn.worker import Worker as ThreadWorker  # noqa: E402
from app.operations.status import reports  # noqa: E402
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
worker_class = ThreadWorker
threads = settings.worker_threads
# Load once, then fork: safe because no connection is opened before the first request.
preload_app = True
graceful_timeout = settings.graceful_timeout_seconds
logconfig_dict = logs.configuration(settings.log_level, settings.log_format)
logger_class = QuietLogger
worker_tmp_dir = SHARED_MEMORY
control_socket_disable = True
# Files are sent like other responses, with the time limits of `client_socket`.
sendfile = False
# Headers of a proxy are evaluated by `app.http.middleware.proxies` only, if TRUSTED_PROXIES is set.
# By default, gunicorn also takes SCRIPT_NAME and the scheme from any client on this machine.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
error_responses.install()
memory_allocator.configure()


def on_starting(server: "Arbiter") -> None:
    """Exit if the settings cannot work; log a warning for settings that will fail later."""
    if server.master_pid == 0:  # else an upgrade (USR2), while the old workers still write
        folder = Path(os.environ[FOLDER_VARIABLE])
        for file in (*folder.glob("*.db"), *folder.glob(reports.REPORTS)):
            file.unlink()
    try:
        startup_checks.check(settings, {*os.environ, *dotenv_values(".env")})
    except BadSettings as error:
        sys.exit(f"cannot start: {error}")


def pre_exec(server: "Arbiter") -> None:
    """Make the master that replaces this one (USR2) create its own metrics folder."""
    if FOLDER_PREFIX in server.cfg.env_orig.get(FOLDER_VARIABLE, ""):
        del server.cfg.env_orig[FOLDER_VARIABLE]


def child_exit(server: "Arbiter", worker: "Worker") -> None:
    """Remove the gauges and the report of a worker that ended; its counters remain."""
    del server
    mark_process_dead(worker.pid)
    reports.report_file(Path(os.environ[FOLDER_VARIABLE]), worker.pid).unlink(missing_ok=True)
