"""Measures what a read replica has applied, and logs when it begins or ceases to be used."""

import logging
import threading

from . import fork_safety
from .clock import now
from .connection_manager import ConnectionManager
from .errors import DatabaseError
from .gtid import APPLIED, COMMITTED, Position
from .probe import probe, response_deadline
from .replica_health import Health, Target
from .transaction import Reader, Transaction

log = logging.getLogger(__name__)

MEASUREMENTS_PER_MAX_LAG = 4
# After a failure, one caller tries the replica again at this interval.
RETRY_SECONDS = 1.0


class PositionUnknown(DatabaseError):
    """A server did not return its position."""


def committed_position(primary: ConnectionManager) -> Position:
    """Return what the primary has committed; raises `DatabaseError`."""
    return probe(primary, lambda reader: _position(reader, COMMITTED))


class ReplicaMonitor:
    """What is known of one replica; shared by all threads.

    A measurement is one statement on the replica and, unless the last position of the primary has
    not been applied yet, one on the primary. One thread at a time makes it, four times within
    `max_lag_seconds`; the others continue with what is known. `problem` says why the replica was
    not used when it was last tried; it is empty if it was.
    """

    def __init__(self, primary: ConnectionManager, max_lag_seconds: float) -> None:
        self.measurements = 0
        self.problem = ""
        self._primary = primary
        self._max_lag_seconds = max_lag_seconds
        self._health = Health()
        self._due_at = 0.0
        self._failure = ""
        self._lock = threading.Lock()
        fork_safety.register(self)

    def is_due(self) -> bool:
        """Return whether a measurement is due."""
        return now() >= self._due_at

    def is_older_than(self, moment: float) -> bool:
        """Return whether the last measurement was made before this time."""
        return self._health.measured_at < moment

    def has_applied(self, position: Position) -> bool:
        """Return whether the replica is recent enough and has applied everything up to this."""
        health = self._health
        return health.lag_seconds() <= self._max_lag_seconds and health.applied.covers(position)

    def measure(self, reader: Transaction) -> None:
        """Measure on this connection to the replica; return at once if another thread does.

        Raises `DatabaseError` if the replica does not respond.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            measured_at = now()
            self._due_at = measured_at + self._max_lag_seconds / MEASUREMENTS_PER_MAX_LAG
            with response_deadline(reader):
                applied = _position(reader, APPLIED)
            self._health = self._health.with_applied(applied, measured_at)
            self._failure = ""
            if self._health.target is None:
                self._read_target()
            self.measurements += 1
        finally:
            self._lock.release()
        self._report()

    def note_failure(self, error: DatabaseError) -> None:
        """Forget what is known: the replica may return with older data."""
        self._due_at = now() + RETRY_SECONDS
        self._health = Health()
        self._failure = f"it cannot be reached ({error})"
        self._report()

    def after_fork(self) -> None:
        """Replace the lock: a thread that does not exist in the child may hold it."""
        self._lock = threading.Lock()

    def _read_target(self) -> None:
        read_at = now()
        try:
            position = committed_position(self._primary)
        except DatabaseError as error:
            self._failure = f"the position of the primary is unknown ({error})"
            return
        if position:
            self._health = self._health.with_target(Target(position, read_at))
        else:
            self._failure = "the primary has no binary log with GTIDs"

    def _report(self) -> None:
        """Log when the replica begins or ceases to be used."""
        problem, health = "", self._health
        if health.lag_seconds() > self._max_lag_seconds:
            behind = f"it is, or may be, more than {self._max_lag_seconds:g} s behind the primary"
            problem = self._failure or behind
            if not self._failure and now() - health.since <= self._max_lag_seconds:
                return  # the first measurements have not shown yet how far it is behind
        if problem == self.problem:
            return
        self.problem = problem
        if problem:
            log.warning("the read replica is not used: %s; the primary executes all reads", problem)
        else:
            log.info("the read replica is used")


def _position(reader: Reader, sql: str) -> Position:
    row = reader.fetch_one(sql)
    try:
        return Position.parse(row["position"] if row else "")
    except ValueError as error:
        raise PositionUnknown(str(error)) from error
