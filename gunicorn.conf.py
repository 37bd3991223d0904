"""gunicorn's configuration; all values come from the settings."""

from server import metrics_folder

metrics_folder.create()

import os  # noqa: E402
import sys  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

from dotenv import dotenv_values  # noqa: E402

from app.operations import logs, memory_allocator, startup_checks  # noqa: E402
from app.operations.gunicorn import error_responses  # noqa: E402
from app.operations.gunicorn.logger import QuietLogger  # noqa: E402
from app.operations.gunicorn.worker import Worker as ThreadWorker  # noqa: E402
from app.settings import BadSettings, load_settings  # noqa: E402

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter

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
# Heartbeats must not wait for a disk, and the file system may be read-only.
worker_tmp_dir = metrics_folder.SHARED_MEMORY
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
        metrics_folder.empty()
    try:
        startup_checks.check(settings, {*os.environ, *dotenv_values(".env")})
    except BadSettings as error:
        sys.exit(f"cannot start: {error}")


def pre_exec(server: "Arbiter") -> None:
    """Make the master that replaces this one (USR2) create its own metrics folder."""
    if metrics_folder.is_temporary(server.cfg.env_orig.get(metrics_folder.VARIABLE, "")):
        del server.cfg.env_orig[metrics_folder.VARIABLE]
