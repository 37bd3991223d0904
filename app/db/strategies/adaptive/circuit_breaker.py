"""Circuit breaker for new connections.

Once opening a connection has failed, callers that need a new one fail at once, except one at a
time that tries again. Existing connections are unaffected.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from ...clock import now
from ...errors import AccessDenied, code_of, translate, translate_connect_error

log = logging.getLogger(__name__)

# The server is up and has no connection left: it may have one at any moment.
TOO_MANY_CONNECTIONS = {1040, 1203, 1226}
# A healthy server completes a login within this time, even on a busy machine.
STUCK_AFTER_SECONDS = 2.0
FIRST_DELAY_SECONDS = 0.05
MAX_DELAY_SECONDS = 0.5  # so that the first success comes within a second of the recovery
# Servers block hosts and accounts after repeated wrong passwords.
DELAY_AFTER_ACCESS_DENIED_SECONDS = 5.0


class CircuitBreaker:
    """Closed until opening a connection fails; then one trial at a time, with delays."""

    def __init__(self, driver_error: type[Exception]) -> None:
        self._driver_error = driver_error
        self._trial = Lock()
        self._failure: Exception | None = None
        self._trials = 0
        self._opened_at = self._next_trial_at = self._last_success_at = 0.0
        # append and remove of a list are atomic
        self._attempts_started_at: list[float] = []

    @contextmanager
    def attempt(self) -> Iterator[bool]:
        """Wrap an attempt to open a connection; yields whether it is a trial.

        Raises the known failure at once if the circuit is open and no trial is due.
        """
        failure = self._failure
        if failure is not None and not self._may_try():
            raise type(failure)(*failure.args)
        started_at = now()
        self._attempts_started_at.append(started_at)
        try:
            yield failure is not None
        except self._driver_error as error:
            self._record_failure(error)
            raise
        else:
            self._close()
        finally:
            self._attempts_started_at.remove(started_at)
            if failure is not None:
                self._trial.release()

    def is_stuck(self) -> bool:
        """Return whether an attempt takes long and none has succeeded meanwhile.

        If others succeed, logins are only slow, and slots become free as usual.
        """
        limit = now() - STUCK_AFTER_SECONDS
        started_at = tuple(self._attempts_started_at)
        return self._last_success_at < limit and any(moment < limit for moment in started_at)

    def access_error(self) -> Exception | None:
        """Return the failure if the server is up and rejects the credentials or the database."""
        failure = self._failure
        is_denied = failure is not None and isinstance(translate(failure), AccessDenied)
        return failure if is_denied else None

    def _may_try(self) -> bool:
        return now() >= self._next_trial_at and self._trial.acquire(blocking=False)

    def _record_failure(self, error: Exception) -> None:
        kind = translate_connect_error(error)
        if code_of(error) in TOO_MANY_CONNECTIONS:
            self._close()
            return
        delay = min(FIRST_DELAY_SECONDS * 2**self._trials, MAX_DELAY_SECONDS)
        if isinstance(kind, AccessDenied):
            delay = DELAY_AFTER_ACCESS_DENIED_SECONDS
        if self._failure is None:
            self._opened_at = now()
            log.warning("circuit breaker open, one attempt at a time: %s", error)
        self._trials = min(self._trials + 1, 10)
        self._next_trial_at = now() + delay
        # A new instance: the traceback of this one references every frame it passed.
        self._failure = type(error)(*error.args)

    def _close(self) -> None:
        if self._failure is not None:
            log.warning("circuit breaker closed after %.1f s", now() - self._opened_at)
        self._failure, self._trials = None, 0
        self._last_success_at = now()
