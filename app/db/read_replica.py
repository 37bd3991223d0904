"""Reads from a replica, which may be stale by `replica_max_lag_seconds` and no more.

A read is executed by the replica only if this process knows that the replica is recent enough and
has applied what the caller must see. Otherwise, and after any failure, the primary executes it. A
read of the replica costs one round trip, as usual: what the replica has applied is measured at
intervals (`replica_monitor`) and remembered.

The replica is one server. A name behind which several servers are balanced cannot be used: what one
of them has applied says nothing about the others.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from .clock import now
from .config import DatabaseConfig
from .connection import driver_connection
from .connection_manager import ConnectionManager
from .counters import Counters
from .errors import DatabaseError, DatabaseUnavailable, StatementTimedOut
from .gtid import Position
from .replica_monitor import ReplicaMonitor
from .statement_limit import StatementLimit
from .transaction import Transaction
from .transaction_control import raise_if_timed_out

log = logging.getLogger(__name__)
T = TypeVar("T")

# Shorter than for the primary, which can execute the read instead.
CONNECT_SECONDS = 2.0
# Added to the time that the server may take for a query.
RESPONSE_SECONDS = 1.0


class ReplicaNotUsed(Exception):
    """The primary has to execute the read."""


class ReadReplica:
    """The connections to the replica, shared by all threads.

    `check_read` raises an error if the thread may not read outside its transaction.
    """

    def __init__(
        self, config: DatabaseConfig, primary: ConnectionManager, check_read: Callable[[], None]
    ) -> None:
        self.connections = ConnectionManager.from_config(_for_replica(config))
        self._monitor = ReplicaMonitor(primary, config.replica_max_lag_seconds)
        self._check_read = check_read
        self._counters = Counters()

    def read(self, query: Callable[[Transaction], T], after: Position, limit: StatementLimit) -> T:
        """Run a query on the replica, if it has applied everything up to `after`.

        Raises `ReplicaNotUsed`, and `StatementTimedOut`: the primary would take as long.
        """
        self._check_read()
        if not (self._monitor.is_due() or self._monitor.has_applied(after)):
            raise self._declined()
        try:
            reader = self.connections.checkout()
        except DatabaseUnavailable as error:
            raise self._failed(error) from error
        try:
            result = self._read_on(reader, query, after, limit)
        except BaseException as error:
            self.connections.checkin(reader)
            raise_if_timed_out(reader, error)
            if isinstance(error, DatabaseUnavailable):
                raise self._failed(error) from error
            if isinstance(error, DatabaseError) and not isinstance(error, StatementTimedOut):
                raise self._rejected(error) from error
            raise
        self.connections.checkin(reader)
        self._counters.add("replica_reads")
        return result

    def problem(self) -> str:
        """Return why the replica was not used when it was last tried; empty if it was."""
        return self._monitor.problem

    def statistics(self) -> dict[str, int]:
        """Return the counters of reads and of the connections to the replica."""
        connections = self.connections.statistics()
        return {
            "replica_usable": int(not self.problem()),
            "replica_measurements": self._monitor.measurements,
            **self._counters.as_dict(),
            **{f"replica_{name}": value for name, value in connections.items()},
        }

    def _read_on(
        self,
        reader: Transaction,
        query: Callable[[Transaction], T],
        after: Position,
        limit: StatementLimit,
    ) -> T:
        # A connection opened since the last measurement may lead to a server that was restarted
        # with older data.
        opened_at = getattr(driver_connection(reader.connection), "opened_at", now())
        if self._monitor.is_due() or self._monitor.is_older_than(opened_at):
            self._monitor.measure(reader)
        if self._monitor.is_older_than(opened_at) or not self._monitor.has_applied(after):
            raise self._declined()
        reader.limit = limit
        return query(reader)

    def _declined(self) -> ReplicaNotUsed:
        """Count a read that the replica may not serve at present."""
        self._counters.add("replica_declined")
        return ReplicaNotUsed()

    def _rejected(self, error: DatabaseError) -> ReplicaNotUsed:
        """Log an error of one statement: its table may not have been replicated yet."""
        self._counters.add("replica_errors")
        log.warning("a read failed on the read replica: %s; the primary executes it", error)
        return ReplicaNotUsed()

    def _failed(self, error: DatabaseError) -> ReplicaNotUsed:
        """Stop using a replica that does not respond; it is tried again later."""
        self._counters.add("replica_failures")
        self._monitor.note_failure(error)
        return ReplicaNotUsed()


def _for_replica(config: DatabaseConfig) -> DatabaseConfig:
    """Return the configuration of the connections to the replica, which has to respond soon."""
    longest = config.statement_timeout_seconds or config.read_timeout_seconds
    return replace(
        config,
        url=config.read_url or config.url,
        read_url=None,
        outage_patience_seconds=0,
        connect_timeout_seconds=min(config.connect_timeout_seconds, CONNECT_SECONDS),
        pool_timeout_seconds=min(config.pool_timeout_seconds, CONNECT_SECONDS),
        read_timeout_seconds=min(config.read_timeout_seconds, longest + RESPONSE_SECONDS),
    )
