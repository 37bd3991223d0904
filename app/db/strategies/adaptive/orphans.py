"""Sessions at the server that nobody holds any more, whose locks would outlive them."""

import logging
from collections import deque

from app.db.connection import Connection
from app.db.errors import code_of, outcome_of
from app.db.strategies.adaptive.kept import Session

log = logging.getLogger(__name__)

FIND = "SELECT id FROM information_schema.processlist WHERE id = %s AND user = %s AND host = %s"
MOST = 64


class Orphans:
    """The sessions of units whose connection was lost, until somebody can end them."""

    def __init__(self) -> None:
        # append and popleft of a deque are atomic
        self._waiting: deque[Session] = deque(maxlen=MOST)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, session: Session) -> None:
        """Remember one, unless the server could not say whose it is."""
        if session.user and session.host:
            self._waiting.append(session)

    def end(self, connection: Connection) -> int:
        """End them from this connection, and count them; raises the driver's error if it is lost.

        Only what still is the very session that was ours: the same id may be
        somebody else's after a restart. The same user may end it without any
        privilege.
        """
        ended = 0
        while self._waiting:
            try:
                orphan = self._waiting.popleft()
            except IndexError:  # another thread took the last one
                break
            ended += _end(orphan, connection)
        return ended


def _end(orphan: Session, connection: Connection) -> bool:
    cursor = connection.cursor()
    cursor.execute(FIND, (orphan.connection_id, orphan.user, orphan.host))
    if cursor.fetchone() is None:
        return False
    try:
        cursor.execute("KILL %s", (orphan.connection_id,))
    except Exception as error:
        if outcome_of(error) != "refused":
            raise
        log.info("session %d could not be ended: %d", orphan.connection_id, code_of(error))
        return False
    return True
