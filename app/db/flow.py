"""The TCP flow under one connection: its options, a look at it, and how it ends.

A look costs a system call and no round trip: the kernel already knows of a FIN,
a RST, a flow that keepalive has given up, and bytes that nobody asked for. It
works on the raw descriptor, so TLS makes no difference.
"""

import ctypes
import os
import select
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Cause = Literal["fin", "reset", "timed_out", "farewell", "unexpected_bytes"]

_DEV_NULL = os.open(os.devnull, os.O_RDWR)
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds
_ORDERLY = struct.pack("ii", 0, 0)
_EVENTS = select.POLLIN | getattr(select, "POLLRDHUP", 0)  # macOS has no POLLRDHUP


class _PollFd(ctypes.Structure):
    """`struct pollfd`, poll(2)."""

    _fields_ = (
        ("fd", ctypes.c_int),
        ("events", ctypes.c_short),
        ("revents", ctypes.c_short),
    )


# PyDLL keeps Python's lock, which `select.poll` gives away for a call that does not wait: under
# load another thread takes it, and a look that costs a microsecond waits for its return.
_poll = ctypes.PyDLL(None).poll
_poll.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int)
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an idle connection cannot be used any more."""

    cause: Cause
    detail: str = ""
    code: int = 0  # the server's, in a farewell


class Flow:
    """A connected socket, known by its descriptor.

    From the start it is set to be reset when it is closed (SO_LINGER 1, 0):
    what a timed-out statement left in the kernel is then never delivered
    later. Only `close_orderly` turns that off.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._inode = os.fstat(descriptor).st_ino
        self._asked = _PollFd(descriptor, _EVENTS)
        self._address = ctypes.addressof(self._asked)
        self._linger(_RESET)

    def look(self) -> Verdict | None:
        """Ask the kernel whether the other end still holds the flow; None is yes.

        No byte is sent or consumed. After any other answer the connection
        must not be used again: the look has taken the pending error with it.
        """
        if not _poll(self._address, 1, 0):
            return None
        if not self._is_still_ours():
            return Verdict("reset", "closed on this side")
        try:
            with _Borrowed(self.descriptor) as raw:
                waiting = raw.recv(512, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except TimeoutError as error:
            return Verdict("timed_out", str(error))
        except OSError as error:
            return Verdict("reset", str(error))
        return _read_farewell(waiting) if waiting else Verdict("fin")

    def close_orderly(self) -> None:
        """Let the coming close deliver what is still to be sent (COM_QUIT)."""
        self._linger(_ORDERLY)

    def cut(self) -> None:
        """Shut it down: whoever waits for an answer on it, in whatever library, is told at once."""
        if self._is_still_ours():
            with _Borrowed(self.descriptor) as raw, suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        """Put /dev/null in the socket's place.

        In a forked child the parent's flow goes on undisturbed, whatever the
        driver then does with its connection. In the process that owns it the
        flow is reset, since this closes its last descriptor.
        """
        if self._is_still_ours():
            os.dup2(_DEV_NULL, self.descriptor, inheritable=False)

    def _is_still_ours(self) -> bool:
        # The driver may have closed it, and the number may be another file by now.
        try:
            return os.fstat(self.descriptor).st_ino == self._inode
        except OSError:
            return False

    def _linger(self, how: bytes) -> None:
        if self._is_still_ours():
            with _Borrowed(self.descriptor) as raw:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, how)


class _Borrowed:
    """A socket object on somebody else's descriptor, which it leaves open."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)

    def __enter__(self) -> socket.socket:
        return self._socket

    def __exit__(self, *exc: object) -> None:
        self._socket.detach()


def set_options(descriptor: int, *, keepalive_seconds: int, user_timeout_seconds: float) -> None:
    """Make a flow that was forgotten on the way visible to `Flow.look`.

    Keepalive finds it while idle, TCP_USER_TIMEOUT while data are
    unacknowledged; each misses what the other finds.
    """
    with _Borrowed(descriptor) as raw:
        if raw.family == socket.AF_UNIX:
            return
        every = max(1, keepalive_seconds // _PROBES)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in [
            ("TCP_KEEPIDLE", keepalive_seconds),
            ("TCP_KEEPALIVE", keepalive_seconds),  # macOS's name for TCP_KEEPIDLE
            ("TCP_KEEPINTVL", every),
            ("TCP_KEEPCNT", _PROBES),
            ("TCP_USER_TIMEOUT", int(user_timeout_seconds * 1000)),
        ]:
            if hasattr(socket, option):
                raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _read_farewell(waiting: bytes) -> Verdict:
    """Decode an error packet the server sent unasked; anything else is unexpected.

    ERR_Packet: length (3 bytes), sequence number, 0xff, code (2), '#' and
    SQLSTATE (6), message. MySQL 8.0.24 and later send 4031 when a connection
    was idle for too long. Under TLS the bytes stay unreadable.
    """
    header = 4
    if len(waiting) < header + 3 or waiting[header] != 0xFF:
        return Verdict("unexpected_bytes", f"{len(waiting)} bytes")
    length = int.from_bytes(waiting[:3], "little")
    code = int.from_bytes(waiting[5:7], "little")
    message = waiting[7 : header + length]
    if message.startswith(b"#"):
        message = message[6:]
    return Verdict("farewell", f"{code} {message.decode('utf-8', 'replace')}", code)
