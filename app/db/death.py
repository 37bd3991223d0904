"""Why a connection died, and what that says of the others.

what was seen                                       what else is condemned
a FIN, one KILL, age, a statement out of time       nothing
a reset in the middle of a unit                     nothing
an idle flow was forgotten, or reset at its use     what was idle for as long
the network died under a statement; the server      the whole generation: all that was
shuts down, or takes no writes any more             opened up to now
"""

import errno
from dataclasses import dataclass
from typing import Literal

from app.db.errors import DatabaseError, ReadOnlyServer, code_of, translate
from app.db.flow import Verdict

# "use" is the first statement after it was lent, "unit" a later one, "rule" no
# look at it at all: its age, or the end of another one.
FoundBy = Literal["look", "ping", "use", "unit", "rule"]
Extent = Literal["itself", "idle_as_long", "generation"]

SHUTDOWN = 1053
NAMED = {SHUTDOWN: "shutdown", 1927: "killed", 3169: "killed", 4031: "farewell"}
NETWORK_DIED = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH}


@dataclass(frozen=True, slots=True)
class Death:
    """One connection's end: its cause, where it was found, the words and the server's code."""

    cause: str
    found_by: FoundBy
    detail: str = ""
    code: int = 0

    @property
    def condemns(self) -> Extent:
        """Tell what else must not be trusted any more."""
        if self.found_by == "rule":
            return "itself"
        if self.code == SHUTDOWN or self.cause == "read_only":
            return "generation"
        if self.cause == "timed_out" and self.found_by in {"use", "unit"}:
            return "generation"
        if self.cause in {"timed_out", "ping"}:
            return "idle_as_long"
        # A look sees a RST that came by itself. One that answers the first packet
        # is from a box on the way, which has forgotten the flow.
        if self.cause == "reset" and self.found_by in {"use", "ping"}:
            return "idle_as_long"
        return "itself"


def seen(verdict: Verdict) -> Death:
    """Say what a look at the socket found."""
    return Death(verdict.cause, "look", verdict.detail, verdict.code)


def died_of(failure: BaseException | None, found_by: FoundBy) -> Death:
    """Say what a failure means: a driver's, or this application's with a driver's behind it."""
    error = failure.__cause__ if isinstance(failure, DatabaseError) else failure
    if error is None:
        return Death("statement", found_by)
    code = code_of(error)
    cause = _cause(error, code) or ("ping" if found_by == "ping" else "statement")
    return Death(cause, found_by, str(error), code)


def _cause(error: BaseException, code: int) -> str:
    if isinstance(translate(error), ReadOnlyServer):
        return "read_only"
    if code in NAMED:
        return NAMED[code]
    below = error.__cause__ or error.__context__
    if isinstance(below, ConnectionResetError | BrokenPipeError):
        return "reset"
    if isinstance(below, OSError) and below.errno in NETWORK_DIED:
        return "timed_out"
    return ""
