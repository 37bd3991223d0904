"""Ends the session of a lost connection at the server, from another connection.

The session is killed only if it is certainly the right one: id, user and host match, the other
connection leads to the same server, and that server has not been restarted since. `KILL` requires
no privilege for sessions of the same user.
"""

import logging
import time
from enum import Enum

from ...clock import Deadline
from ...connection import Cursor, DriverConnection
from ...errors import code_of, outcome_of
from .session import Session, without_wait

log = logging.getLogger(__name__)

# Seconds since the server was started. UNIX_TIMESTAMP() minus this value is the time of the start.
# Read first: if a second passes before UNIX_TIMESTAMP() is read, the start seems later, which is
# safe.
UPTIME = "SHOW GLOBAL STATUS LIKE 'Uptime'"
FIND = """
    SELECT command, state, UNIX_TIMESTAMP() FROM information_schema.processlist
    WHERE id = %s AND user = %s AND host = %s AND id <> CONNECTION_ID()
"""
EXECUTING = {"Query", "Execute"}
# MariaDB's and MySQL's "General Thread States": the client, or a proxy, does not read the response.
SENDING = {"Writing to net", "Sending to client"}
POLL_INTERVAL_SECONDS = 0.01


class SessionState(Enum):
    """What the session of a lost connection was doing."""

    EXECUTING = "it executed a statement, and was killed"
    SENDING = "it sent a response that did not arrive, and was killed"
    KILLED = "it was idle in a transaction, and was killed"
    LEFT = "it was idle outside any transaction; it holds nothing"
    GONE = "the server has ended it"
    FORGOTTEN = "it was on another server, or before a restart"


def end_session(
    session: Session, connection: DriverConnection, own: Session, *, in_transaction: bool
) -> SessionState:
    """Kill the session if it executes a statement or has a transaction open.

    `own` is the session of `connection`. Raises the driver's error if that connection is lost.
    """
    if not own.is_direct or own.server != session.server:
        return forget(session, f"this connection leads to {own.server}")
    cursor = connection.cursor()
    cursor.execute(UPTIME)
    uptime_seconds = int(cursor.fetchone()[1])
    found = _find(session, cursor, own)
    if found is None:
        return SessionState.GONE
    command, state, moment = found
    # In whole seconds. A restart in the second in which the session was opened is not detected, but
    # such a session is not recorded: that would require a timeout within the same second.
    if session.opened_at < moment - uptime_seconds:
        return forget(session, "the server has been restarted")
    if command in EXECUTING:
        before = SessionState.SENDING if state in SENDING else SessionState.EXECUTING
    elif in_transaction:
        before = SessionState.KILLED
    else:
        return SessionState.LEFT
    return before if _kill(session, cursor) else SessionState.GONE


def wait_until_ended(
    session: Session, connection: DriverConnection, own: Session, deadline: Deadline
) -> None:
    """Wait for a killed session to end its statement, at most until the deadline."""
    cursor = connection.cursor()
    while _find(session, cursor, own) and not deadline.is_over():
        time.sleep(POLL_INTERVAL_SECONDS)


def _find(session: Session, cursor: Cursor, own: Session) -> tuple[str, str | None, int] | None:
    find = without_wait(FIND, is_causal=own.is_causal)
    cursor.execute(find, (session.connection_id, session.user, session.host))
    found: tuple[str, str | None, int] | None = cursor.fetchone()
    return found


def _kill(session: Session, cursor: Cursor) -> bool:
    try:
        cursor.execute("KILL %s", (session.connection_id,))
    except Exception as error:
        if outcome_of(error) != "rejected":
            raise
        log.info("session %d was not killed: error %d", session.connection_id, code_of(error))
        return False
    return True


def forget(session: Session, reason: str) -> SessionState:
    """Log that a session is not killed."""
    log.info("session %d on %s was not killed: %s", session.connection_id, session.server, reason)
    return SessionState.FORGOTTEN
