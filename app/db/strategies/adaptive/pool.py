"""The default strategy: as safe as a ping before every use, without its round trip."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from ...clock import Deadline, now
from ...config import DatabaseConfig
from ...connection import DriverConnection
from ...connector import ADDRESS_TIMEOUT_SECONDS, Connector
from ...disconnect import DetectedBy, from_failure
from ...pool_snapshot import PoolSnapshot
from ...strategy import Checkout, ConnectionStrategy, Purpose
from .circuit_breaker import CircuitBreaker
from .idle_connections import IdleConnections
from .leak_detector import LeakDetector
from .orphaned_sessions import OrphanedSessions
from .pool_entry import EntryFactory, PoolEntry
from .pool_metrics import PoolMetrics
from .pool_slots import PoolSlots

# A healthy server answers a ping within this time.
PING_TIMEOUT_SECONDS = 1.0
# Minimum time allowed for opening a connection, even after a long wait for a slot: otherwise a
# healthy server would seem unreachable.
MIN_OPEN_SECONDS = 1.0
# Share of a caller's time that one attempt to open a connection may take. The rest is for a second
# attempt: a server that accepts connections and does not respond may be replaced meanwhile. Of the
# default of 8 s, this share (6 s) exceeds the 5 s by which a name server's timeout delays a login.
ATTEMPT_SHARE = 0.75
# Per address, while the server is known to be unreachable; short, to detect its recovery soon.
TRIAL_ADDRESS_TIMEOUT_SECONDS = 0.8
# For a health check: a trial, a slot and a connection together. A healthy server completes a login
# within this time, and load balancers give up after two seconds or more.
PROBE_SECONDS = 2.0


class Adaptive(ConnectionStrategy[DriverConnection]):
    """At most `pool_size` connections; the most recently used is checked out first.

    The right choice unless you have special requirements. Before a checkout the kernel's state of
    the socket is read, without a round trip. A connection is closed at its maximum age, and an idle
    one before the server's `wait_timeout`, which is read when the connection is opened. On a
    connection idle for longer than `ping_after_idle_seconds` the server must respond to a ping, or
    to the BEGIN of the transaction, within a second. How a connection ended decides which others
    are invalidated. No network I/O happens while a lock is held. The total wait of a caller is
    limited to `connect_timeout_seconds` plus at most `MIN_OPEN_SECONDS`. A short outage of the
    server is part of that wait (`outage_patience_seconds`).
    """

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        self._driver_error: type[Exception] = connect.dbapi.Error
        self._entries = EntryFactory(connect, config)
        self._size = config.pool_size
        self._timeout_seconds = config.connect_timeout_seconds
        share = ATTEMPT_SHARE if config.outage_patience_seconds else 1
        self._attempt_seconds = self._timeout_seconds * share
        self._ping_after_seconds = config.ping_after_idle_seconds
        self._breaker = CircuitBreaker(self._driver_error, config.outage_patience_seconds)
        self._slots = PoolSlots(
            config.pool_size,
            min(config.pool_timeout_seconds, self._timeout_seconds),
            on_wait=self._note_wait,
            is_futile=self._breaker.is_stuck,
            max_waiting=config.max_waiting,
        )
        self._metrics = PoolMetrics()
        self._idle = IdleConnections(self._metrics, on_add=self._note_return)
        # copy, pop and the assignment of an item of a dictionary are atomic
        self._checked_out: dict[int, PoolEntry] = {}
        self._leaks = LeakDetector(config.leak_report_seconds)
        self._orphans = OrphanedSessions(
            self._extra_connection, self._driver_error, count=self._metrics.add
        )

    def acquire(self) -> DriverConnection:
        return self.checkout(Purpose.READ).connection

    def checkout(self, purpose: Purpose) -> Checkout[DriverConnection]:
        """Check out a connection that is live.

        Before a read, a connection that was idle for a long time is pinged. A retry gets a
        connection that is new or has just answered a ping. A probe waits neither for an unreachable
        server nor for callers that do.
        """
        is_probe = purpose is Purpose.PROBE
        deadline = Deadline(PROBE_SECONDS if is_probe else self._timeout_seconds)
        self._slots.acquire(self._prepare_probe(deadline) if is_probe else None)
        try:
            entry, first_response_seconds = self._find(purpose, deadline)
            while self._orphans and not self._kill_orphans(entry):
                again = Purpose.PROBE if is_probe else Purpose.RETRY
                entry, first_response_seconds = self._find(again, deadline)
        except BaseException:
            self._slots.release()
            raise
        entry.checked_out_at = now()
        self._checked_out[id(entry.connection)] = entry
        if self._leaks.is_enabled:
            self._leaks.record(entry)
            self._leaks.report(self._in_use())
        return Checkout(entry.connection, first_response_seconds)

    def release(self, connection: DriverConnection) -> None:
        self._idle.add(self._take_back(connection))
        self._slots.release()

    def discard(self, connection: DriverConnection) -> None:
        self.invalidate(Checkout(connection), None, in_transaction=False)

    def invalidate(
        self,
        checkout: Checkout[DriverConnection],
        error: BaseException | None,
        *,
        in_transaction: bool,
    ) -> bool:
        """Take back a failed connection, and end what it left at the server.

        Returns whether its statement was still running at the read timeout, and was killed.
        """
        entry = self._take_back(checkout.connection)
        detected_by: DetectedBy = "transaction" if in_transaction else "first_use"
        if not in_transaction and checkout.first_response_seconds is not None:
            detected_by = "ping"  # its BEGIN, which served as the ping, was lost: no state is left
        try:
            return detected_by != "ping" and self._orphans.add(
                entry, error, in_transaction=in_transaction
            )
        finally:
            cost_seconds = now() - entry.checked_out_at
            self._idle.close(entry, from_failure(error, detected_by), cost_seconds)
            self._slots.release()

    def close(self) -> None:
        self._idle.close_all()

    def access_error(self) -> Exception | None:
        return self._breaker.access_error()

    def statistics(self) -> dict[str, int]:
        """Return counts of liveness checks, pings, reuses, and closed connections by cause."""
        return self._metrics.as_dict(self._idle.entries(), self._in_use())

    def snapshot(self) -> PoolSnapshot:
        # By identity: a connection may be checked out between the two copies.
        found = {id(it): it.describe(is_checked_out=False) for it in self._idle.entries()}
        found |= {id(it): it.describe(is_checked_out=True) for it in self._in_use()}
        return PoolSnapshot(
            self._size, [*found.values()], self._metrics.closed_last(), self._breaker.snapshot()
        )

    def _note_return(self) -> None:
        if self._breaker.is_open:
            self._breaker.note_return()

    def _note_wait(self) -> None:
        self._metrics.add("waited")
        self._leaks.report(self._in_use())

    def _in_use(self) -> Iterable[PoolEntry]:
        # A copy: other threads change the dictionary, even while it is copied to a tuple.
        return self._checked_out.copy().values()

    def _prepare_probe(self, deadline: Deadline) -> float:
        """Make a trial if one is due, outside the slots; returns how long to wait for a slot."""
        if self._breaker.is_open:
            with suppress(self._driver_error):
                self._open(deadline).connection.close()
        return 0 if self._breaker.is_open else deadline.remaining()

    def _take_back(self, connection: DriverConnection) -> PoolEntry:
        entry = self._checked_out.pop(id(connection))
        if self._leaks.is_enabled:
            self._leaks.report([entry])
        return entry

    def _find(self, purpose: Purpose, deadline: Deadline) -> tuple[PoolEntry, float | None]:
        """Return an entry and, if it was not verified, the time limit of its first response."""
        if found := self._find_idle(purpose, deadline):
            return found
        has_waited = False
        while True:
            try:
                return self._open(deadline), None
            except self._driver_error:
                waits = purpose is not Purpose.PROBE and self._breaker.may_wait(deadline)
                if waits and not has_waited:
                    has_waited = True
                    self._metrics.add("waited_for_server")
                if waits:
                    self._breaker.wait(deadline, lambda: bool(self._idle))
                # Meanwhile another thread may have checked a connection in.
                if found := self._find_idle(purpose, Deadline(PING_TIMEOUT_SECONDS)):
                    return found
                if not waits:
                    raise

    def _find_idle(
        self, purpose: Purpose, deadline: Deadline
    ) -> tuple[PoolEntry, float | None] | None:
        while (entry := self._idle.take(deadline.set_at)) is not None:
            is_long_idle = deadline.set_at - entry.checked_in_at > self._ping_after_seconds
            is_verified = not is_long_idle and purpose is not Purpose.PROBE
            if purpose is Purpose.RETRY or (is_long_idle and purpose is Purpose.READ):
                if not self._answers_ping(entry, deadline):
                    continue
                is_verified = True
            entry.reuses += 1
            return entry, None if is_verified else PING_TIMEOUT_SECONDS
        return None

    def _answers_ping(self, entry: PoolEntry, deadline: Deadline) -> bool:
        self._metrics.add("pinged")
        began_at = now()
        seconds = min(PING_TIMEOUT_SECONDS, deadline.remaining())
        try:
            with entry.connection.response_deadline(seconds):
                entry.connection.ping()
        except self._driver_error as error:
            self._idle.close(entry, from_failure(error, "ping"), now() - began_at)
            return False
        return True

    def _open(self, deadline: Deadline) -> PoolEntry:
        epoch = self._idle.epoch  # an invalidation from here on includes this connection
        seconds = min(deadline.remaining(), self._attempt_seconds)
        deadline = Deadline(max(seconds, MIN_OPEN_SECONDS))
        with self._breaker.attempt(deadline.remaining()) as is_trial:
            seconds = TRIAL_ADDRESS_TIMEOUT_SECONDS if is_trial else ADDRESS_TIMEOUT_SECONDS
            return self._entries.open(deadline, epoch, address_timeout_seconds=seconds)

    def _kill_orphans(self, entry: PoolEntry) -> bool:
        try:
            with entry.connection.response_deadline(PING_TIMEOUT_SECONDS):
                self._orphans.end_all(entry)
        except self._driver_error as error:
            self._idle.close(entry, from_failure(error, "first_use"))
            return False
        return True

    @contextmanager
    def _extra_connection(self, epoch: int, deadline: Deadline) -> Iterator[PoolEntry]:
        """Yield a connection without a slot: it takes the place of a lost one of this epoch."""
        entry = self._open_or_find_idle(epoch, deadline)
        try:
            with entry.connection.response_deadline(deadline.remaining()):
                yield entry
        except self._driver_error as error:
            self._idle.close(entry, from_failure(error, "first_use"))
            raise
        self._idle.add(entry)

    def _open_or_find_idle(self, epoch: int, deadline: Deadline) -> PoolEntry:
        try:
            seconds = TRIAL_ADDRESS_TIMEOUT_SECONDS
            return self._entries.open(deadline, epoch, address_timeout_seconds=seconds)
        except self._driver_error:  # the server may accept no more connections
            found = None if deadline.is_over() else self._find_idle(Purpose.RETRY, deadline)
            if found is None:
                raise
            return found[0]
