"""Ends sessions of lost connections that the server may still keep, at once or later.

At the read timeout the statement is probably still running, so its session is ended at once, from
an extra connection. Otherwise the connection that is checked out next does it.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from ...clock import Deadline
from ...disconnect import is_read_timeout, may_be_unnoticed
from .pool_entry import PoolEntry
from .session import Session
from .session_end import SessionState, end_session, forget, wait_until_ended

MAX_SESSIONS = 64
# Limit for opening the extra connection, the KILL, and the end of the statement together.
END_TIMEOUT_SECONDS = 5.0
COUNTERS = {
    SessionState.EXECUTING: "statements_killed",
    SessionState.SENDING: "statements_killed",
    SessionState.KILLED: "orphaned_sessions_killed",
    SessionState.FORGOTTEN: "orphaned_sessions_forgotten",
}

# Called with the lost connection's epoch and a deadline; raises the driver's error.
ExtraConnection = Callable[[int, Deadline], AbstractContextManager[PoolEntry]]


class Orphan(NamedTuple):
    """A session to be ended; `is_retried` if the first connection to do it was lost."""

    session: Session
    in_transaction: bool
    is_retried: bool = False


class OrphanedSessions:
    """Sessions that may hold locks or execute a statement, and that are still to be ended."""

    def __init__(
        self,
        extra_connection: ExtraConnection,
        driver_error: type[Exception],
        *,
        count: Callable[[str], None],
    ) -> None:
        self._extra_connection = extra_connection
        self._driver_error = driver_error
        self._count = count
        # append and popleft of a deque are atomic
        self._sessions: deque[Orphan] = deque(maxlen=MAX_SESSIONS)

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def add(self, lost: PoolEntry, error: BaseException | None, *, in_transaction: bool) -> bool:
        """End the session of a connection that failed, or record it if that is not possible now.

        Returns whether its statement was still running at the read timeout, and was killed.
        """
        session = lost.session
        if not may_be_unnoticed(error, is_over_tcp=session.is_over_tcp):
            return False
        if not session.is_recognizable:
            self._note(forget(session, "a proxy or the server hides which one it is"))
            return False
        state = self._end_now(lost, in_transaction) if is_read_timeout(error) else None
        if state is None:
            self._sessions.append(Orphan(session, in_transaction))
        return state is SessionState.EXECUTING

    def end_all(self, entry: PoolEntry) -> None:
        """End all sessions from this connection; raises the driver's error if it is lost.

        Then another connection tries once more: what ended the first one may have ended this one.
        """
        while self._sessions:
            try:
                orphan = self._sessions.popleft()
            except IndexError:  # another thread took the last one
                break
            try:
                self._end(orphan.session, entry, orphan.in_transaction)
            except BaseException:
                if not orphan.is_retried:
                    self._sessions.append(orphan._replace(is_retried=True))
                raise

    def _end_now(self, lost: PoolEntry, in_transaction: bool) -> SessionState | None:
        """Return what the session was doing; None if that could not be determined in time."""
        deadline = Deadline(END_TIMEOUT_SECONDS)
        state = None
        try:
            with self._extra_connection(lost.epoch, deadline) as entry:
                state = self._end(lost.session, entry, in_transaction)
                if state in {SessionState.EXECUTING, SessionState.SENDING}:
                    wait_until_ended(lost.session, entry.connection, entry.session, deadline)
        except self._driver_error:
            pass  # the pool has closed the extra connection; the state may be known nevertheless
        return state

    def _end(self, session: Session, entry: PoolEntry, in_transaction: bool) -> SessionState:
        state = end_session(session, entry.connection, entry.session, in_transaction=in_transaction)
        self._note(state)
        return state

    def _note(self, state: SessionState) -> None:
        if name := COUNTERS.get(state):
            self._count(name)
