"""What the figures were measured on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def machine(server) -> dict[str, str]:
    """The date, processor, system and versions."""
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
    """The processor's name, where the system tells."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
