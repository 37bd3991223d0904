"""Checks that run once, before the server starts its first worker."""

import errno
import logging
import os
import socket
from collections.abc import Iterable

from app.operations import doctor, variable_names
from app.settings import BadSettings, Settings

log = logging.getLogger(__name__)


def check(settings: Settings, names: Iterable[str]) -> None:
    """Raise `BadSettings` for settings that cannot work; log a warning for other problems.

    `names` are the names of all variables that are set, whether they are settings or not.
    """
    for warning in variable_names.warnings_for(names):
        log.warning("%s", warning)
    check_port(settings)
    findings = doctor.examine(settings)
    if errors := [finding.startup_error for finding in findings if finding.startup_error]:
        raise BadSettings("; ".join(errors))
    for finding in findings:
        if finding.remedy and finding.name != "DB_STRATEGY":  # create_app has logged that one
            log.warning("%s: %s; %s", finding.name, finding.observed, finding.remedy)


def check_port(settings: Settings) -> None:
    """Raise `BadSettings` if it is impossible to listen on HOST and PORT."""
    if "GUNICORN_FD" in os.environ or "LISTEN_FDS" in os.environ:
        return  # inherited sockets: an upgrade of gunicorn, or systemd
    try:
        listen(settings.host, settings.port).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadSettings(
                f"PORT={settings.port}: already in use on {settings.host}; "
                "use a free port from 1 to 65535"
            ) from None
        if error.errno == errno.EACCES:
            raise BadSettings(
                f"PORT={settings.port}: permission denied; use a port above 1023"
            ) from None
        raise BadSettings(
            f"HOST={settings.host!r}: cannot listen on this address ({error.strerror}); "
            "use an address of this machine, or 0.0.0.0"
        ) from None


def listen(host: str, port: int, backlog: int | None = None) -> socket.socket:
    """Return a listening socket; raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=backlog)
