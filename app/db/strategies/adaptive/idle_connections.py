"""The idle connections of a pool, and which of them are closed when another connection is lost."""

from collections.abc import Callable
from contextlib import suppress

from ...clock import now
from ...disconnect import DisconnectReason, from_liveness
from .pool_entry import PoolEntry
from .pool_metrics import PoolMetrics

EXPIRED = DisconnectReason("age", "policy")
OLD_EPOCH = DisconnectReason("epoch", "policy", "opened before the whole pool was invalidated")


class IdleConnections:
    """A stack: the most recently used connection is taken first.

    All connections of the pool are closed here. If the network or the server failed, the epoch is
    increased: connections of an older one, checked-out ones included, are closed instead of reused.
    `on_add` is called after a connection was added.
    """

    def __init__(self, metrics: PoolMetrics, *, on_add: Callable[[], None]) -> None:
        # append, pop, remove and copy of a list are atomic
        self._entries: list[PoolEntry] = []
        self._metrics = metrics
        self._on_add = on_add
        self.epoch = 0

    def __bool__(self) -> bool:
        return bool(self._entries)

    def entries(self) -> list[PoolEntry]:
        """Return a copy."""
        return self._entries.copy()

    def take(self, moment: float) -> PoolEntry | None:
        """Remove and return a connection that is live; None if there is none."""
        while self._entries:
            try:
                entry = self._entries.pop()
            except IndexError:  # another thread took the last one
                break
            if self._is_live(entry, moment):
                return entry
        return None

    def add(self, entry: PoolEntry) -> None:
        """Add a connection that works."""
        entry.checked_in_at = now()
        if entry.epoch == self.epoch:
            self._entries.append(entry)
            self._on_add()
            self._trim(entry.checked_in_at)
        else:
            self.close(entry, OLD_EPOCH)

    def close(self, entry: PoolEntry, reason: DisconnectReason, cost_seconds: float = 0) -> None:
        """Close a connection, and those to be invalidated with it.

        `cost_seconds` is the time that its user has lost.
        """
        self._metrics.closed(entry, reason, cost_seconds)
        if reason is EXPIRED:
            entry.connection.close()
        else:
            entry.connection.abort()
            self._invalidate_others(entry, reason)

    def close_all(self) -> None:
        """Close all connections; those that are checked out are closed on return."""
        self.epoch += 1
        while self._entries:
            self._entries.pop().connection.close()

    def _is_live(self, entry: PoolEntry, moment: float) -> bool:
        entry.liveness_checks += 1
        reason = self._policy_against(entry, moment)
        if result := entry.connection.transport.check_liveness():
            reason = from_liveness(result)
        if reason is None:
            return True
        self.close(entry, reason)
        return False

    def _policy_against(self, entry: PoolEntry, moment: float) -> DisconnectReason | None:
        if entry.epoch != self.epoch:
            return OLD_EPOCH
        return EXPIRED if entry.is_expired(moment) else None

    def _invalidate_others(self, entry: PoolEntry, reason: DisconnectReason) -> None:
        scope = reason.invalidates
        if scope == "connection" or entry.epoch != self.epoch:
            return
        # The failure of a new connection says nothing about older ones, unless the network itself
        # failed.
        if entry.liveness_checks == 0 and reason.cause != "timed_out":
            return
        if scope == "epoch":
            self.epoch += 1
        else:
            self._close_idle_since(entry.checked_in_at, reason)

    def _close_idle_since(self, moment: float, reason: DisconnectReason) -> None:
        """Close the connections idle for at least as long as the one that ended.

        Verifying them could take a second per connection.
        """
        detail = "idle at least as long as a connection that was lost"
        others = DisconnectReason(reason.cause, "policy", detail)
        with suppress(IndexError, ValueError):  # other threads take from the list too
            while (longest := self._entries[0]).checked_in_at <= moment:
                self._entries.remove(longest)
                self.close(longest, others)

    def _trim(self, moment: float) -> None:
        """Close the longest-idle connection if it has expired: it might not be used again."""
        try:
            longest = self._entries[0]
            if reason := self._policy_against(longest, moment):
                self._entries.remove(longest)
                self.close(longest, reason)
        except (IndexError, ValueError):
            return  # other threads take from the list too
