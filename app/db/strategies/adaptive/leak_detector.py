"""Reports connections that stay checked out for too long."""

import logging
import traceback
from collections.abc import Iterable

from ...clock import now
from .pool_entry import PoolEntry

log = logging.getLogger(__name__)

MAX_FRAMES = 12


class LeakDetector:
    """Log once per checkout when it exceeds `seconds`; 0 is off.

    There is no monitoring thread: each checkout examines all checked-out
    connections, and each checkin its own.
    """

    def __init__(self, seconds: float) -> None:
        self.is_enabled = seconds > 0
        self._seconds = seconds

    def record(self, entry: PoolEntry) -> None:
        """Store where this connection was checked out."""
        entry.checkout_stack = "".join(traceback.format_stack(limit=MAX_FRAMES)[:-2])

    def report(self, checked_out: Iterable[PoolEntry]) -> None:
        """Log which of these exceed the limit."""
        moment = now()
        for entry in checked_out:
            held_seconds = moment - entry.checked_out_at
            if not entry.checkout_stack or held_seconds <= self._seconds:
                continue
            stack, entry.checkout_stack = entry.checkout_stack, ""
            log.warning(
                "connection %d is checked out for %.1f s, since:\n%s",
                entry.session.connection_id,
                held_seconds,
                stack,
                extra={
                    "connection_id": entry.session.connection_id,
                    "held_seconds": round(held_seconds, 3),
                    "stack": stack,
                },
            )
