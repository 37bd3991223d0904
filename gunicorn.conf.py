"""How gunicorn serves the application; every value comes from the settings."""

import sys
from typing import TYPE_CHECKING

from app.operations import logs, start
from app.settings import BadSettings, load_settings

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
worker_class = "gthread"
threads = settings.threads
# Loaded once and forked: safe, since nothing is connected before the first request.
preload_app = True
graceful_timeout = settings.graceful_timeout_seconds
logconfig_dict = logs.configuration(settings.log_level)
accesslog = "-"
# Heartbeats must not wait for a disk, and the file system may be read-only.
worker_tmp_dir = "/dev/shm" if sys.platform == "linux" else None  # noqa: S108
control_socket_disable = True


def on_starting(server: "Arbiter") -> None:
    """Refuse to start on what cannot work, in one line; warn of what will not last."""
    del server
    try:
        start.check(settings)
    except BadSettings as error:
        sys.exit(f"cannot start: {error}")
