"""Description of the machine on which results were measured."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def machine(server) -> dict[str, str]:
    """Return the date, processor, operating system and versions."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        ((version,),) = cursor.fetchall()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": f"{cpu()}, {len(os.sched_getaffinity(0))} cores",
        "system": platform.platform(),
        "python": platform.python_version(),
        "server": version,
    }


def cpu() -> str:
    """Return the name of the processor if the system provides it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
