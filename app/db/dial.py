"""Opens a socket to the server: its name, then its addresses in turn, within one deadline."""

import socket
from typing import Any

from app.database_url import DatabaseUrl
from app.db.clock import Deadline
from app.db.within import run_within

Address = tuple[socket.AddressFamily, Any]


def dial(url: DatabaseUrl, deadline: Deadline, *, each_seconds: float) -> socket.socket:
    """Connect; an address that is silent for `each_seconds` is away, and the next one is tried.

    Raises `OSError` when all are, or the deadline has come.
    """
    failure = OSError(f"{url.host} has no address")
    addresses = _addresses(url, deadline)
    for left, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(min(each_seconds, deadline.remaining() / left))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _addresses(url: DatabaseUrl, deadline: Deadline) -> list[Address]:
    if url.unix_socket is not None:
        return [(socket.AF_UNIX, url.unix_socket)]
    try:
        return _look_up(url, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return run_within(deadline, lambda: _look_up(url))  # a name server may hang


def _look_up(url: DatabaseUrl, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]
