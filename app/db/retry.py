"""Decides whether a failed read or transaction is retried, and waits before the next attempt.

failure                          retried
a lost connection                until `outage_patience_seconds` after the first loss, but at least
                                 once for a read or a BEGIN, three times for a transaction
a cluster node that rejects      for the same time, without the maximum below: the statement was
statements                       not executed, so it does no harm
no response within the read      once: each attempt takes that time again
timeout
lock timeout                     until `lock_timeout_seconds` after the start, so that retries do
                                 not multiply the lock wait
deadlock, snapshot conflict      for the same time, but at least three times: a long transaction
                                 can fail after that time without having waited for a lock
a read-only server (failover)    until `outage_patience_seconds` after the first such error, but
                                 for at least three seconds
the lookup of a commit token     after a conflict as above, after any other failure as after a lost
                                 connection

Except where stated, and for a read-only server and a lookup, the number of retries is limited to
`MAX_RETRIES`.

If no connection can be opened at all, only a lookup is retried here. For all others the strategy
waits for the server, because it knows the other waiting callers.
"""

import math
import random
import time

from .clock import Deadline
from .config import DatabaseConfig
from .disconnect import is_read_timeout
from .errors import (
    LOCK_WAIT_TIMEOUT,
    ConnectionLost,
    DatabaseError,
    OutcomeUnknown,
    ReadOnlyServer,
    ServerNotReady,
    TransactionConflict,
)

MAX_RETRIES_AFTER_READ_TIMEOUT = 1
MIN_TRANSACTION_RETRIES = 3
# Of a read or a transaction: a statement that crashes the server must not be repeated forever.
MAX_RETRIES = 10
# Maximum delay before the first retry; doubled for each further one. The delay is random, so that
# conflicting transactions do not collide again.
FIRST_DELAY_SECONDS = 0.05
MAX_DOUBLINGS = 4
MAX_DELAY_SECONDS = 0.5
MIN_FAILOVER_SECONDS = 3.0
FAILOVER_DELAY_SECONDS = 0.3


class Retries:
    """The retries of one read, BEGIN, transaction or lookup of a commit token."""

    def __init__(
        self,
        config: DatabaseConfig,
        *,
        at_least: int = MIN_TRANSACTION_RETRIES,
        at_most: float = MAX_RETRIES,
    ) -> None:
        self._patience_seconds = config.outage_patience_seconds
        self._conflicts_end = Deadline(config.lock_timeout_seconds)
        self._min_retries = at_least
        self._max_retries = at_most
        self._outage_ends: Deadline | None = None
        self._failover_ends: Deadline | None = None
        self._retries = 0
        self._read_timeouts = 0

    def wait_after(self, error: DatabaseError) -> bool:
        """Wait before the next attempt and return True; return False at once if there is none."""
        if isinstance(error, ConnectionLost | OutcomeUnknown):
            self._read_timeouts += is_read_timeout(error)
            if self._read_timeouts > MAX_RETRIES_AFTER_READ_TIMEOUT:
                return False
            is_rejected = isinstance(error, ServerNotReady)
            return self._wait_for_server(math.inf if is_rejected else self._max_retries)
        if isinstance(error, ReadOnlyServer):
            return self._wait_for_failover()
        if isinstance(error, TransactionConflict):
            if error.code != LOCK_WAIT_TIMEOUT and self._retries < self._min_retries:
                self._sleep()
                return True
            return self._retries < self._max_retries and self._wait_until(self._conflicts_end)
        return False

    def wait_after_lookup(self, error: DatabaseError) -> bool:
        """Wait before the next lookup of a commit token, whatever the error of the last one."""
        is_conflict = isinstance(error, TransactionConflict)
        return self.wait_after(error) if is_conflict else self._wait_for_server(math.inf)

    def _wait_for_server(self, max_retries: float) -> bool:
        if self._outage_ends is None:
            self._outage_ends = Deadline(self._patience_seconds)
        if self._retries < self._min_retries:
            self._sleep()
            return True
        return self._retries < max_retries and self._wait_until(self._outage_ends)

    def _wait_until(self, deadline: Deadline) -> bool:
        if deadline.is_over():
            return False
        self._sleep()
        return True

    def _sleep(self) -> None:
        # The first retry of a read or a BEGIN is immediate: usually the connection was lost while
        # idle.
        if self._min_retries > 1 or self._retries > 0:
            delay = min(
                FIRST_DELAY_SECONDS * 2 ** min(self._retries, MAX_DOUBLINGS), MAX_DELAY_SECONDS
            )
            time.sleep(random.uniform(0, delay))  # noqa: S311
        self._retries += 1

    def _wait_for_failover(self) -> bool:
        if self._failover_ends is None:
            self._failover_ends = Deadline(max(self._patience_seconds, MIN_FAILOVER_SECONDS))
        if self._failover_ends.remaining() < FAILOVER_DELAY_SECONDS:
            return False
        time.sleep(random.uniform(FAILOVER_DELAY_SECONDS / 2, FAILOVER_DELAY_SECONDS))  # noqa: S311
        return True
