"""Private files that are created once, and free ports."""

import os
import random
import secrets
import socket
from pathlib import Path

from dev.system_packages import Stop


def secret(path: Path) -> str:
    """Return the random text in this file; the first call creates the file."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        text = secrets.token_hex(32)
        write_privately(path, text + "\n")
        return text


def write_privately(path: Path, text: str) -> None:
    """Write the file atomically, readable by its owner only."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    part.rename(path)


def free_port() -> int:
    """Return a port with no listener, below the kernel's range of client ports.

    A port in that range could be taken by a client while the server restarts. A UDP socket bound
    to the same number reserves the port until this process ends, so that concurrent callers of
    this function get different ports.
    """
    for _ in range(100):
        port = random.randint(20000, 32000)
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                reservation.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                reservation.close()
                continue
            reservation.detach()  # stays open
            return port
    raise Stop("no free port between 20000 and 32000")
