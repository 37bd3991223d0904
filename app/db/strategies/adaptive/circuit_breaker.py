"""Circuit breaker for new connections.

The circuit opens when opening a connection fails. From then on one caller at a time makes a trial.
The others wait for its result until `patience_seconds` after the circuit opened. Later callers fail
at once until a trial succeeds. Existing connections are unaffected.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

from ...clock import Deadline, now
from ...errors import AccessDenied, code_of, translate
from ...pool_snapshot import CircuitState

log = logging.getLogger(__name__)

# The server is up and has no connection left: one may become free at any moment.
TOO_MANY_CONNECTIONS = {1040, 1203, 1226}
# A healthy server completes a login within this time, even on a busy machine.
STUCK_AFTER_SECONDS = 2.0
FIRST_DELAY_SECONDS = 0.05
MAX_DELAY_SECONDS = 0.5  # so that the first success comes within a second of the recovery
# Servers block accounts after repeated wrong passwords (FAILED_LOGIN_ATTEMPTS, max_password_errors;
# max_connect_errors counts incomplete handshakes only). With a probe each second, three seconds
# let /readyz report the recovery within five.
DELAY_AFTER_ACCESS_DENIED_SECONDS = 3.0
# An attempt that reported no result within its own limit and this time is abandoned.
ABANDONED_AFTER_SECONDS = 1.0
# If no connection was returned for this long while the circuit is open, callers with a slot are
# assumed to wait for the server.
RETURNS_END_AFTER_SECONDS = 0.25


class CircuitBreaker:
    """Closed until opening a connection fails; then one trial at a time, with delays.

    Other threads may call any method at any time, and an exception may be raised asynchronously at
    any point (a signal handler, gevent's timeouts): a trial is therefore a lease that ends by
    itself, not a lock that its owner must release.
    """

    def __init__(self, driver_error: type[Exception], patience_seconds: float = 0) -> None:
        self._driver_error = driver_error
        self._patience_seconds = patience_seconds
        self._failure: Exception | None = None
        self._trials = 0
        self._opened_at = self._next_trial_at = self._last_success_at = self._last_return_at = 0.0
        # append, pop and remove of a list are atomic
        self._attempts: list[tuple[float, float]] = []  # when each started, and ends at the latest
        self._waiting: list[SimpleQueue[None]] = []

    @property
    def is_open(self) -> bool:
        """Whether the last attempt to open a connection failed."""
        return self._failure is not None

    @contextmanager
    def attempt(self, limit_seconds: float) -> Iterator[bool]:
        """Wrap an attempt to open a connection, which takes at most `limit_seconds`.

        Yields whether it is a trial. Raises the known failure at once if the circuit is open and no
        trial is due.
        """
        failure = self._failure
        if failure is not None and not self._take_trial(limit_seconds):
            raise type(failure)(*failure.args)
        started_at = now()
        running = started_at, started_at + limit_seconds + ABANDONED_AFTER_SECONDS
        try:
            self._attempts.append(running)
            yield failure is not None
        except self._driver_error as error:
            self._record_failure(error, is_trial=failure is not None)
            raise
        except BaseException:  # says nothing about the server
            if failure is not None:
                self._give_up_trial()
            raise
        else:
            self._close()
        finally:
            if running in self._attempts:
                self._attempts.remove(running)

    def may_wait(self, deadline: Deadline) -> bool:
        """Return whether a caller may wait for the server.

        Not after its deadline, not longer than `patience_seconds` after the circuit opened, and not
        if the server denies access.
        """
        return not deadline.is_over() and self._is_patient()

    def wait(self, deadline: Deadline, is_connection_idle: Callable[[], bool]) -> None:
        """Wait until a trial has ended or is due, or a connection is returned to the pool."""
        wakeup: SimpleQueue[None] = SimpleQueue()
        self._waiting.append(wakeup)
        try:
            until = min(self._next_trial_at, self._patience_ends_at())
            seconds = min(until - now(), deadline.remaining())
            if self._failure is not None and not is_connection_idle() and seconds > 0:
                with suppress(Empty):
                    wakeup.get(timeout=seconds)
        finally:
            with suppress(ValueError):
                self._waiting.remove(wakeup)

    def note_return(self) -> None:
        """Wake the longest-waiting caller, after a connection was returned to the pool."""
        self._last_return_at = now()
        with suppress(IndexError):
            self._waiting.pop(0).put(None)

    def is_stuck(self) -> bool:
        """Return whether the callers with a pool slot are waiting for the server.

        False if other logins succeed or connections are returned: then logins are only slow, or the
        server admits few of them, and slots become free as usual.
        """
        moment = now()
        if self._is_patient():
            return self._last_return_at < moment - RETURNS_END_AFTER_SECONDS
        limit = moment - STUCK_AFTER_SECONDS
        return self._last_success_at < limit and any(
            started_at < limit and moment < ends_at for started_at, ends_at in self._attempts.copy()
        )

    def access_error(self) -> Exception | None:
        """Return the failure if the server is up and rejects the credentials or the database."""
        failure = self._failure
        return failure if failure is not None and _is_denied(failure) else None

    def snapshot(self) -> CircuitState:
        """Return since when the circuit is open, and the code of the error that opened it."""
        failure = self._failure
        if failure is None:
            return CircuitState(None, 0)
        return CircuitState(self._opened_at, code_of(failure))

    def _is_patient(self) -> bool:
        failure = self._failure
        return failure is not None and now() < self._patience_ends_at() and not _is_denied(failure)

    def _patience_ends_at(self) -> float:
        failure, begins_at = self._failure, self._opened_at
        if failure is not None and code_of(failure) in TOO_MANY_CONNECTIONS:
            # The server serves the connections that this pool has; they are returned to it.
            begins_at = max(begins_at, self._last_return_at)
        return begins_at + self._patience_seconds

    def _take_trial(self, limit_seconds: float) -> bool:
        moment, ends_at = now(), now() + limit_seconds + ABANDONED_AFTER_SECONDS
        if moment < self._next_trial_at:
            return False
        self._next_trial_at = ends_at  # without a lock: a second trial at once would do no harm
        return True

    def _record_failure(self, error: Exception, *, is_trial: bool) -> None:
        opens = self._failure is None
        if not opens and not is_trial:
            return  # an attempt that began before the circuit opened
        if opens:
            self._opened_at = now()
            log.warning("circuit breaker open, one attempt at a time: %s", error)
        self._next_trial_at = now() + self._delay_after(error)
        self._trials = min(self._trials + 1, 10)
        # A new instance: the traceback of this one references every frame it passed.
        self._failure = type(error)(*error.args)
        self._wake_all()

    def _delay_after(self, error: Exception) -> float:
        if _is_denied(error):
            return DELAY_AFTER_ACCESS_DENIED_SECONDS
        return min(FIRST_DELAY_SECONDS * 2.0**self._trials, MAX_DELAY_SECONDS)

    def _give_up_trial(self) -> None:
        self._next_trial_at = now()
        self._wake_all()

    def _close(self) -> None:
        if self._failure is not None:
            log.warning("circuit breaker closed after %.1f s", now() - self._opened_at)
        self._failure, self._trials, self._next_trial_at = None, 0, 0.0
        self._last_success_at = now()
        self._wake_all()

    def _wake_all(self) -> None:
        with suppress(IndexError):
            for _ in range(len(self._waiting)):
                self._waiting.pop(0).put(None)


def _is_denied(failure: Exception) -> bool:
    return isinstance(translate(failure), AccessDenied)
