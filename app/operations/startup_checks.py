"""What is checked once, before the first worker is forked."""

import errno
import logging
import os
import socket
from collections.abc import Iterable

from app.operations import doctor, variable_names
from app.settings import BadSettings, Settings

log = logging.getLogger(__name__)


def check(settings: Settings, names: Iterable[str]) -> None:
    """Raise `BadSettings` for what cannot work, and log a warning for what will not last.

    `names` are those of all variables that are set, known or not.
    """
    for doubt in variable_names.doubts(names):
        log.warning("%s", doubt)
    check_port(settings)
    findings = doctor.examine(settings)
    if refusals := [finding.refusal for finding in findings if finding.refusal]:
        raise BadSettings("; ".join(refusals))
    for finding in findings:
        if finding.cure and finding.name != "DB_STRATEGY":  # create_app has said that
            log.warning("%s: %s; %s", finding.name, finding.seen, finding.cure)


def check_port(settings: Settings) -> None:
    """Raise `BadSettings` where nothing could listen with these settings."""
    if "GUNICORN_FD" in os.environ or "LISTEN_FDS" in os.environ:
        return  # the sockets are inherited: an upgrade of gunicorn, or systemd
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.create_server((settings.host, settings.port), family=family):
            pass
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadSettings(
                f"PORT={settings.port}: taken by another program on {settings.host}; "
                "use a free port from 1 to 65535"
            ) from None
        if error.errno == errno.EACCES:
            raise BadSettings(f"PORT={settings.port}: not allowed; use one above 1023") from None
        raise BadSettings(
            f"HOST={settings.host!r}: cannot listen there ({error.strerror}); "
            "use an address of this machine, or 0.0.0.0"
        ) from None
