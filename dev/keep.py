"""Small things kept on disk for their owner alone, and a port to listen on."""

import os
import random
import secrets
import socket
from pathlib import Path

from dev.system_packages import Stop


def secret(path: Path) -> str:
    """Give the random text in this file, made at the first call."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        text = secrets.token_hex(32)
        write_privately(path, text + "\n")
        return text


def write_privately(path: Path, text: str) -> None:
    """Write the whole file or nothing of it, readable by its owner alone."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    part.rename(path)


def free_port() -> int:
    """Give a port nobody listens on, below those the kernel hands out to clients.

    One of theirs could be taken by a client while the server restarts. Until this process ends,
    no other that asks here is given the same one: the kernel keeps the claim, which is the
    datagram port of that number.
    """
    for _ in range(100):
        port = random.randint(20000, 32000)
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                claim.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
            claim.detach()  # stays open
            return port
    raise Stop("no free port between 20000 and 32000")
