"""Whether it is worth while to open a connection: a circuit breaker for one server.

Once opening has failed, whoever needs a new connection is told so at once, but
for one at a time who tries again. Connections that live are not concerned.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from app.db.clock import now
from app.db.errors import AccessRefused, DatabaseUnavailable, code_of, translate

log = logging.getLogger(__name__)

# The server is there and has no room: it may have some at once.
NO_ROOM = {1040, 1203, 1226}
# A server that is well has answered a login by then, also on a machine that has much to do.
STUCK_AFTER_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.5  # so that the first success comes within a second of the return
# A wrong password is not hammered: servers block hosts and accounts for that.
PAUSE_AFTER_REFUSAL_SECONDS = 5.0


class Gate:
    """Open until opening a connection failed; then one trial at a time, with pauses."""

    def __init__(self, driver_error: type[Exception]) -> None:
        self._driver_error = driver_error
        self._trial = Lock()
        self._failure: Exception | None = None
        self._trials = 0
        self._shut_at = self._next_trial_at = self._admitted_at = 0.0
        # append and remove of a list are atomic
        self._begun_at: list[float] = []

    @contextmanager
    def passing(self) -> Iterator[bool]:
        """Wrap an attempt to open; gives whether it is a trial.

        Raises the known failure at once where it is not this caller's turn.
        """
        failure = self._failure
        if failure is not None and not self._may_try():
            raise type(failure)(*failure.args)
        begun_at = now()
        self._begun_at.append(begun_at)
        try:
            yield failure is not None
        except self._driver_error as error:
            self._note(error)
            raise
        else:
            self._open()
        finally:
            self._begun_at.remove(begun_at)
            if failure is not None:
                self._trial.release()

    def is_stuck(self) -> bool:
        """Tell whether somebody has been trying to open a connection for long, and nobody got in.

        Where others do, logins are slow, and a place becomes free as soon as their work is done.
        """
        limit = now() - STUCK_AFTER_SECONDS
        return self._admitted_at < limit and any(at < limit for at in tuple(self._begun_at))

    def refusal(self) -> Exception | None:
        """Give the failure, if the server is there and refuses these settings for ever."""
        failure = self._failure
        is_refusal = failure is not None and isinstance(translate(failure), AccessRefused)
        return failure if is_refusal else None

    def _may_try(self) -> bool:
        return now() >= self._next_trial_at and self._trial.acquire(blocking=False)

    def _note(self, error: Exception) -> None:
        kind = translate(error)
        if code_of(error) in NO_ROOM or not isinstance(kind, DatabaseUnavailable):
            self._open()
            return
        pause = min(FIRST_PAUSE_SECONDS * 2**self._trials, LONGEST_PAUSE_SECONDS)
        if isinstance(kind, AccessRefused):
            pause = PAUSE_AFTER_REFUSAL_SECONDS
        if self._failure is None:
            self._shut_at = now()
            log.warning("no new connections, one at a time tries again: %s", error)
        self._trials = min(self._trials + 1, 10)
        self._next_trial_at = now() + pause
        # A new one: the traceback of this one holds on to everything it came by.
        self._failure = type(error)(*error.args)

    def _open(self) -> None:
        if self._failure is not None:
            log.warning("new connections again, after %.1f s", now() - self._shut_at)
        self._failure, self._trials = None, 0
        self._admitted_at = now()
