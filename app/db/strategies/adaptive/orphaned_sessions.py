"""Sessions at the server whose connection was lost, and which the server may still keep."""

from collections import deque
from collections.abc import Callable

from .pool_entry import PoolEntry
from .session import Session
from .session_end import SessionState, end_session, forget

MAX_SESSIONS = 64
COUNTERS = {
    SessionState.EXECUTING: "statements_killed",
    SessionState.KILLED: "orphaned_sessions_killed",
    SessionState.FORGOTTEN: "orphaned_sessions_forgotten",
}


class OrphanedSessions:
    """Sessions that may hold locks or execute a statement, until the next connection ends them."""

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        # append and popleft of a deque are atomic
        self._sessions: deque[tuple[Session, bool]] = deque(maxlen=MAX_SESSIONS)

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def add(self, session: Session, *, in_transaction: bool) -> None:
        """Add a session, unless no other connection could recognize it."""
        if session.is_recognizable:
            self._sessions.append((session, in_transaction))
        else:
            self._note(forget(session, "a proxy or the server hides which one it is"))

    def end_all(self, entry: PoolEntry) -> None:
        """End all sessions from this connection; raises the driver's error if it is lost."""
        while self._sessions:
            try:
                session, in_transaction = self._sessions.popleft()
            except IndexError:  # another thread took the last one
                break
            self.end(session, entry, in_transaction=in_transaction)

    def end(self, session: Session, entry: PoolEntry, *, in_transaction: bool) -> SessionState:
        """End one session from this connection; returns what it was doing."""
        state = end_session(
            session, entry.connection, entry.session, in_transaction=in_transaction
        )
        self._note(state)
        return state

    def _note(self, state: SessionState) -> None:
        if name := COUNTERS.get(state):
            self._count(name)
