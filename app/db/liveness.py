"""The liveness check: whether the server still holds an idle connection, without a round trip.

One system call asks the kernel, which already knows of a FIN, a RST, a TCP connection that
keepalive gave up, and bytes nobody asked for. It works on the raw file descriptor, so TLS makes
no difference.
"""

import ctypes
import select
import socket
from dataclasses import dataclass
from typing import Literal

SocketState = Literal["fin", "reset", "timed_out", "server_error", "unexpected_bytes"]

_EVENTS = select.POLLIN | getattr(select, "POLLRDHUP", 0)  # macOS has no POLLRDHUP
_PACKET_HEADER_BYTES = 4
_ERROR_PACKET = 0xFF


class _PollFd(ctypes.Structure):
    """`struct pollfd`, poll(2)."""

    _fields_ = (
        ("fd", ctypes.c_int),
        ("events", ctypes.c_short),
        ("revents", ctypes.c_short),
    )


# PyDLL keeps the GIL. `select.poll` releases it even for a call that does not wait: under load
# another thread takes it, and a check of one microsecond waits until it is released again.
_poll = ctypes.PyDLL(None).poll
_poll.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int)


@dataclass(frozen=True, slots=True)
class LivenessResult:
    """Why an idle connection cannot be used any more; `server_code` is of an error packet."""

    state: SocketState
    detail: str = ""
    server_code: int = 0


class Poller:
    """Polls one file descriptor; the structures are allocated once."""

    __slots__ = ("_address", "_pollfd")

    def __init__(self, descriptor: int) -> None:
        self._pollfd = _PollFd(descriptor, _EVENTS)
        self._address = ctypes.addressof(self._pollfd)

    def has_event(self) -> bool:
        """Return whether anything arrived, an error included."""
        return bool(_poll(self._address, 1, 0))


def examine(sock: socket.socket) -> LivenessResult | None:
    """Return what arrived on an idle socket, or None if nothing did; consumes no byte.

    Any other result is final: reading the pending error clears it.
    """
    try:
        received = sock.recv(512, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except TimeoutError as error:
        return LivenessResult("timed_out", str(error))
    except OSError as error:
        return LivenessResult("reset", str(error))
    return decode_error_packet(received) if received else LivenessResult("fin")


def decode_error_packet(received: bytes) -> LivenessResult:
    """Decode an error packet that the server sent unasked; anything else is unexpected.

    ERR_Packet: length (3 bytes), sequence number, 0xff, code (2), '#' and SQLSTATE (6), message.
    MySQL 8.0.24 and later send error 4031 before they close a connection that was idle for
    `wait_timeout`. Under TLS the bytes are encrypted and stay unreadable.
    """
    header = _PACKET_HEADER_BYTES
    if len(received) < header + 3 or received[header] != _ERROR_PACKET:
        return LivenessResult("unexpected_bytes", f"{len(received)} bytes")
    length = int.from_bytes(received[:3], "little")
    code = int.from_bytes(received[5:7], "little")
    message = received[7 : header + length]
    if message.startswith(b"#"):
        message = message[6:]
    detail = f"{code} {message.decode('utf-8', 'replace')}"
    return LivenessResult("server_error", detail, code)
