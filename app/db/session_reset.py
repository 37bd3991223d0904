"""Ensures at checkin that no session state reaches the next user of the connection."""

import logging
from typing import Any

from .connection import driver_connection
from .counters import Counters
from .session_state import StateLeft, shorten
from .transaction import Transaction

log = logging.getLogger(__name__)

# A healthy server responds to the two commands of a reset within this time.
RESET_TIMEOUT_SECONDS = 1.0
MAX_REPORTED = 100


class SessionStateLeft(Exception):
    """A connection is discarded because of what its user left in the session."""


class SessionReset:
    """Checks and resets sessions; logs each statement that caused a reset or a discard once."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._reported: set[str] = set()

    def is_clean(self, tx: Transaction) -> bool:
        """Return whether the connection may be used again; resets its session if necessary.

        Nothing is sent unless a statement may have left state. The status flags of the last
        response tell if a transaction is open or autocommit is off. If the result is False,
        `tx.failure` is the reason.
        """
        connection: Any = driver_connection(tx.connection)
        left_open = getattr(connection, "left_open", None)
        if left_open is not None and (what := left_open()):
            tx.has_begun = True  # its locks are held until the server notices the disconnect
            return self._reject(tx, what, "discarded_open_transaction")
        if tx.state_left <= StateLeft.DECLARED_NOTHING:
            return True
        if tx.state_left is StateLeft.PERMANENT or not hasattr(connection, "reset_session"):
            return self._reject(tx, "session state that is not reset", "discarded_session_state")
        return self._reset(tx, connection)

    def _reset(self, tx: Transaction, connection: Any) -> bool:
        try:
            with connection.response_deadline(RESET_TIMEOUT_SECONDS):
                connection.reset_session()
        except BaseException as error:
            tx.failure = error
            self._counters.add("discarded_session_state")
            if not isinstance(error, Exception):
                raise
            log.warning("a session could not be reset: %s", error)
            return False
        self._counters.add("sessions_reset")
        self._report(logging.INFO, "session reset after: %s", _culprit(tx))
        return True

    def _reject(self, tx: Transaction, what: str, counter: str) -> bool:
        tx.failure = SessionStateLeft(f"{what}, left by: {_culprit(tx)}")
        self._counters.add(counter)
        self._report(logging.WARNING, "connection discarded because of %s", str(tx.failure))
        return False

    def _report(self, level: int, message: str, argument: str) -> None:
        if argument not in self._reported and len(self._reported) < MAX_REPORTED:
            self._reported.add(argument)
            log.log(level, message, argument)


def _culprit(tx: Transaction) -> str:
    return "; ".join(map(shorten, tx.state_left_by)) or "a statement that is not known to leave any"
