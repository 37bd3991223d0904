"""Why a connection ended, and which other connections are invalidated with it.

what was detected                                   what else is invalidated
a FIN, KILL of one session, age, a timeout          nothing
a reset inside a transaction                        nothing
an idle TCP connection was dropped, or reset        connections idle for at least as long
at its first use
the network failed during a statement; the          all connections opened so far
server shuts down, became read-only, or rejects     (the whole pool epoch)
all statements, as a partitioned cluster node
"""

import errno
from dataclasses import dataclass
from typing import Literal

from .errors import DatabaseError, ReadOnlyServer, ServerNotReady, code_of, translate
from .liveness import LivenessResult

# "first_use": the first statement after the checkout. "transaction": a later statement. "policy":
# the connection was fine, but too old, or closed because another one failed.
DetectedBy = Literal["liveness_check", "ping", "first_use", "transaction", "policy"]
Scope = Literal["connection", "idle_as_long", "epoch"]

# The numbers of errors: the server's begin at 1000, the client library's are between 2000 and 2999
# (MySQL's "Error Message Sources and Elements"). An exception that is not the driver's has none.
FIRST_SERVER_CODE = 1000
CLIENT_CODES = range(2000, 3000)
CR_SERVER_LOST = 2013
SHUTDOWN = 1053
SERVER_CODES = {SHUTDOWN: "shutdown", 1927: "killed", 3169: "killed", 4031: "server_error"}
NETWORK_ERRORS = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH}


@dataclass(frozen=True, slots=True)
class DisconnectReason:
    """Why one connection ended: cause, where it was detected, the error's text and code."""

    cause: str
    detected_by: DetectedBy
    detail: str = ""
    server_code: int = 0

    @property
    def invalidates(self) -> Scope:
        """Return what to invalidate: this connection, those idle as long, or the whole epoch."""
        if self.detected_by == "policy":
            return "connection"
        if self.server_code == SHUTDOWN or self.cause in {"read_only", "not_ready"}:
            return "epoch"
        if self.cause == "timed_out" and self.detected_by in {"first_use", "transaction"}:
            return "epoch"
        if self.cause in {"timed_out", "ping"}:
            return "idle_as_long"
        # The liveness check finds an unsolicited RST. An RST in response to the first packet comes
        # from a device on the path that has dropped the connection from its table.
        if self.cause == "reset" and self.detected_by in {"first_use", "ping"}:
            return "idle_as_long"
        return "connection"


def from_liveness(result: LivenessResult) -> DisconnectReason:
    """Return the reason that a liveness check found."""
    return DisconnectReason(result.state, "liveness_check", result.detail, result.server_code)


def from_failure(failure: BaseException | None, detected_by: DetectedBy) -> DisconnectReason:
    """Return the reason for a driver's error; a `DatabaseError` is traced to its driver's error."""
    if (error := _driver_error(failure)) is None:
        return DisconnectReason("statement", detected_by)
    code = code_of(error)
    cause = _cause(error, code) or ("ping" if detected_by == "ping" else "statement")
    return DisconnectReason(cause, detected_by, str(error), code)


def is_read_timeout(failure: BaseException | None) -> bool:
    """Return whether a statement was sent, and no data arrived within the driver's read timeout.

    ETIMEDOUT, with which the kernel gives a TCP connection up, is a `TimeoutError` with a number.
    """
    if (error := _driver_error(failure)) is None or code_of(error) != CR_SERVER_LOST:
        return False
    below = _below(error)
    return isinstance(below, TimeoutError) and below.errno is None


def may_be_unnoticed(failure: BaseException | None, *, is_over_tcp: bool) -> bool:
    """Return whether the server may still keep the session of a connection that failed so.

    After a timeout or, over TCP, a reset, which a device on the path may have sent. A FIN and an
    error packet come from the server, which has ended the session. A server that executes a
    statement does not notice either that an exception in this process interrupted it.
    """
    if (error := _driver_error(failure)) is None:
        return False
    code, below = code_of(error), _below(error)
    if code in CLIENT_CODES:
        return isinstance(below, TimeoutError) or (is_over_tcp and isinstance(below, OSError))
    return code < FIRST_SERVER_CODE


def _driver_error(failure: BaseException | None) -> BaseException | None:
    return failure.__cause__ if isinstance(failure, DatabaseError) else failure


def _below(error: BaseException) -> BaseException | None:
    return error.__cause__ or error.__context__


def _cause(error: BaseException, code: int) -> str:
    kind = translate(error)
    if isinstance(kind, ReadOnlyServer):
        return "read_only"
    if isinstance(kind, ServerNotReady):
        return "not_ready"
    if code in SERVER_CODES:
        return SERVER_CODES[code]
    below = _below(error)
    if isinstance(below, ConnectionResetError | BrokenPipeError):
        return "reset"
    if isinstance(below, OSError) and below.errno in NETWORK_ERRORS:
        return "timed_out"
    return ""
