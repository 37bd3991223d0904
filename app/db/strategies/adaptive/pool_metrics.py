"""Counters of one pool, its last closed connections, and one log line for each of them."""

import logging
from collections.abc import Iterable

from ...clock import now
from ...counters import Counters
from ...disconnect import DetectedBy, DisconnectReason
from ...pool_snapshot import ClosedConnection
from .pool_entry import PoolEntry

log = logging.getLogger(__name__)

LEVELS: dict[DetectedBy, int] = {
    "policy": logging.DEBUG,
    "liveness_check": logging.INFO,
    "ping": logging.WARNING,
    "first_use": logging.WARNING,
    "transaction": logging.WARNING,
}


# How many closed connections are remembered.
MAX_CLOSED = 100


class PoolMetrics:
    """One instance for each pool."""

    def __init__(self) -> None:
        self._counters = Counters()
        self.add = self._counters.add
        # append, copy and the deletion of a slice of a list are atomic
        self._closed: list[ClosedConnection] = []

    def closed(self, entry: PoolEntry, reason: DisconnectReason, cost_seconds: float) -> None:
        """Count a connection that ended, by cause and by where it was detected, and log it."""
        self.add(f"closed_{reason.cause}")
        self.add(f"detected_by_{reason.detected_by}")
        if reason.server_code and reason.cause in {"server_error", "shutdown", "killed"}:
            self.add(f"server_error_{reason.server_code}")
        self.add("liveness_checks", entry.liveness_checks)
        self.add("reused", entry.reuses)
        self._remember(entry, reason, cost_seconds)
        _log(entry, reason)

    def closed_last(self) -> list[ClosedConnection]:
        """Return the last `MAX_CLOSED` connections that ended, oldest first."""
        return self._closed.copy()

    def as_dict(
        self, idle: Iterable[PoolEntry], checked_out: Iterable[PoolEntry]
    ) -> dict[str, int]:
        """Return all counters, those of open connections included, and the current sizes."""
        idle, checked_out = list(idle), list(checked_out)
        figures = {"liveness_checks": 0, "reused": 0, **self._counters.as_dict()}
        for entry in (*idle, *checked_out):
            figures["liveness_checks"] += entry.liveness_checks
            figures["reused"] += entry.reuses
        return {**figures, "idle": len(idle), "checked_out": len(checked_out)}

    def _remember(self, entry: PoolEntry, reason: DisconnectReason, cost_seconds: float) -> None:
        moment = now()
        self._closed.append(
            ClosedConnection(
                entry.session.connection_id,
                moment,
                moment - entry.connection.opened_at,
                reason.cause,
                reason.detected_by,
                reason.server_code,
                cost_seconds,
            )
        )
        del self._closed[:-MAX_CLOSED]


def _log(entry: PoolEntry, reason: DisconnectReason) -> None:
    moment = now()
    fields = {
        "connection_id": entry.session.connection_id,
        "cause": reason.cause,
        "detected_by": reason.detected_by,
        "server_code": reason.server_code,
        "age_seconds": round(moment - entry.connection.opened_at, 1),
        "idle_seconds": round(moment - entry.checked_in_at, 1),
        "epoch": entry.epoch,
        "detail": reason.detail,
    }
    log.log(
        LEVELS[reason.detected_by],
        "connection %d closed: cause=%s detected_by=%s age=%.1fs %s",
        fields["connection_id"],
        reason.cause,
        reason.detected_by,
        fields["age_seconds"],
        reason.detail,
        extra=fields,
    )
