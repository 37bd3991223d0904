"""The socket of one connection: opening it, setting its options, checking it and closing it."""

import errno
import os
import socket
import struct
import time
from contextlib import suppress
from typing import Any

from .clock import Deadline
from .liveness import LivenessResult, Poller, examine
from .timeouts import run_with_deadline
from .url import DatabaseUrl

Address = tuple[socket.AddressFamily, Any]

_DEV_NULL = os.open(os.devnull, os.O_RDWR)
_LINGER_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds
_LINGER_OFF = struct.pack("ii", 0, 0)
_KEEPALIVE_PROBES = 3
_UNIX_RETRY_SECONDS = 0.01
# What an error says about the server, if several addresses fail: at first nothing, because this
# machine has no such address family or no address of it, or no route; all other errors say more.
_RANKS = {errno.EAFNOSUPPORT: 0, errno.EADDRNOTAVAIL: 0, errno.ENETUNREACH: 1}
_HIGHEST_RANK = 2


class Transport:
    """A connected socket, identified by its file descriptor.

    Closing it sends an RST (SO_LINGER 1, 0) unless `close_gracefully` was called, so that unsent
    data of a timed-out statement is discarded and never delivered later.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._identity = _identity(descriptor)
        self._poller = Poller(descriptor)
        self._set_linger(_LINGER_RESET)

    def check_liveness(self) -> LivenessResult | None:
        """Return None while the connection is open, otherwise what ended it.

        No byte is sent or consumed. If the result is not None, the connection must not be used
        again.
        """
        if not self._poller.has_event():
            return None
        if not self._is_open():
            return LivenessResult("reset", "closed on this side")
        with _Unowned(self.descriptor) as sock:
            return examine(sock)

    def close_gracefully(self) -> None:
        """Make the next close deliver unsent data, such as COM_QUIT."""
        self._set_linger(_LINGER_OFF)

    def shut_down(self) -> None:
        """Shut the socket down: a call blocked on it, even in a C library, fails at once."""
        # Another thread may close the descriptor at any moment.
        with suppress(OSError):
            if self._is_open():
                with _Unowned(self.descriptor) as sock:
                    sock.shutdown(socket.SHUT_RDWR)

    def detach(self) -> None:
        """Replace the socket by /dev/null under the same descriptor.

        In a forked child the parent's connection continues undisturbed, whatever the driver does
        with its copy. In the process that owns the connection this closes the socket's last
        descriptor and resets the connection.
        """
        if self._is_open():
            os.dup2(_DEV_NULL, self.descriptor, inheritable=False)

    def _is_open(self) -> bool:
        # The driver may have closed the descriptor, and another file may have its number now.
        try:
            return _identity(self.descriptor) == self._identity
        except OSError:
            return False

    def _set_linger(self, value: bytes) -> None:
        if self._is_open():
            with _Unowned(self.descriptor) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, value)


def _identity(descriptor: int) -> tuple[int, int]:
    """Return device and inode of an open file; inodes alone are unique within one device."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


class _Unowned:
    """A temporary socket object for the driver's descriptor, which stays open afterwards."""

    def __init__(self, descriptor: int) -> None:
        is_blocking = os.get_blocking(descriptor)
        self._socket = socket.socket(fileno=descriptor)
        if socket.getdefaulttimeout() is not None:  # the constructor made it non-blocking
            self._socket.settimeout(None)
            os.set_blocking(descriptor, is_blocking)

    def __enter__(self) -> socket.socket:
        return self._socket

    def __exit__(self, *exc: object) -> None:
        self._socket.detach()


def set_socket_options(
    descriptor: int, *, keepalive_seconds: int, user_timeout_seconds: float
) -> None:
    """Set TCP options with which the liveness check detects a dropped connection.

    Keepalive detects the loss of an idle connection, TCP_USER_TIMEOUT (RFC 5482) a loss while data
    is unacknowledged. Neither covers the other case.
    """
    with _Unowned(descriptor) as sock:
        if sock.family == socket.AF_UNIX:
            return
        interval_seconds = max(1, keepalive_seconds // _KEEPALIVE_PROBES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in [
            ("TCP_KEEPIDLE", keepalive_seconds),
            ("TCP_KEEPALIVE", keepalive_seconds),  # macOS's name for TCP_KEEPIDLE
            ("TCP_KEEPINTVL", interval_seconds),
            ("TCP_KEEPCNT", _KEEPALIVE_PROBES),
            ("TCP_USER_TIMEOUT", int(user_timeout_seconds * 1000)),
        ]:
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def open_socket(
    url: DatabaseUrl, deadline: Deadline, *, address_timeout_seconds: float
) -> socket.socket:
    """Connect to the first of the server's addresses that answers.

    Each address gets at most `address_timeout_seconds`. Raises `OSError` when
    none answers before the deadline: the last of those that say most about the server.
    """
    failure: OSError | None = None
    addresses = _resolve(url, deadline)
    for left, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        seconds = min(address_timeout_seconds, deadline.remaining() / left)
        try:
            return _connect(family, address, Deadline(seconds))
        except OSError as error:
            if failure is None or _rank(error) >= _rank(failure):
                failure = error
    raise failure or OSError(f"{url.host} has no address")


def _connect(family: socket.AddressFamily, address: Any, deadline: Deadline) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        while True:
            sock.settimeout(deadline.remaining())
            try:
                sock.connect(address)
            except BlockingIOError:
                # The backlog of a Unix socket is full: connect(2) returns EAGAIN, while TCP waits.
                if deadline.is_over():
                    raise
                time.sleep(_UNIX_RETRY_SECONDS)
            else:
                return sock
    except BaseException:
        sock.close()
        raise


def _rank(error: OSError) -> int:
    return _RANKS.get(error.errno or 0, _HIGHEST_RANK)


def _resolve(url: DatabaseUrl, deadline: Deadline) -> list[Address]:
    if url.unix_socket is not None:
        return [(socket.AF_UNIX, url.unix_socket)]
    try:
        return _addresses(url, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return run_with_deadline(deadline, lambda: _addresses(url))  # a name server may hang


def _addresses(url: DatabaseUrl, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]
