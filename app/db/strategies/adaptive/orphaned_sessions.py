"""Sessions at the server whose connection was lost, and which may still hold locks."""

import logging
from collections import deque

from ...connection import Connection
from ...errors import code_of, outcome_of
from .pool_entry import Session

log = logging.getLogger(__name__)

FIND = "SELECT id FROM information_schema.processlist WHERE id = %s AND user = %s AND host = %s"
MAX_SESSIONS = 64


class OrphanedSessions:
    """The sessions of transactions whose connection was lost, until they are killed."""

    def __init__(self) -> None:
        # append and popleft of a deque are atomic
        self._sessions: deque[Session] = deque(maxlen=MAX_SESSIONS)

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def add(self, session: Session) -> None:
        """Add a session, unless the server did not show its user and host."""
        if session.user and session.host:
            self._sessions.append(session)

    def kill(self, connection: Connection) -> int:
        """Kill the sessions from this connection; returns how many there were.

        Raises the driver's error if this connection is lost. A session is killed only if id, user
        and host still match: after a restart its id may belong to another client. The same user
        needs no privilege for it.
        """
        killed = 0
        while self._sessions:
            try:
                session = self._sessions.popleft()
            except IndexError:  # another thread took the last one
                break
            killed += _kill(session, connection)
        return killed


def _kill(session: Session, connection: Connection) -> bool:
    cursor = connection.cursor()
    cursor.execute(FIND, (session.connection_id, session.user, session.host))
    if cursor.fetchone() is None:
        return False
    try:
        cursor.execute("KILL %s", (session.connection_id,))
    except Exception as error:
        if outcome_of(error) != "rejected":
            raise
        log.info("session %d was not killed: error %d", session.connection_id, code_of(error))
        return False
    return True
