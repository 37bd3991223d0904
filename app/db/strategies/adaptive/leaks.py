"""Who holds a connection for too long."""

import logging
import traceback
from collections.abc import Iterable

from app.db.clock import now
from app.db.strategies.adaptive.kept import Kept

log = logging.getLogger(__name__)

FRAMES = 12


class Leaks:
    """Reports, once a loan, a connection that is out for longer than `seconds`; 0 is off.

    There is no thread that watches: whoever borrows next looks, and the one
    who gives back late is reported, too.
    """

    def __init__(self, seconds: float) -> None:
        self.is_on = seconds > 0
        self._seconds = seconds

    def note(self, kept: Kept) -> None:
        """Remember where and when this connection was borrowed."""
        kept.lent_at = now()
        kept.borrower = "".join(traceback.format_stack(limit=FRAMES)[:-2])

    def report(self, lent: Iterable[Kept]) -> None:
        """Say which of these are out for too long."""
        moment = now()
        for kept in lent:
            held_seconds = moment - kept.lent_at
            if not kept.borrower or held_seconds <= self._seconds:
                continue
            borrower, kept.borrower = kept.borrower, ""
            log.warning(
                "connection %d is held for %.1f s, borrowed at:\n%s",
                kept.session.connection_id,
                held_seconds,
                borrower,
                extra={
                    "connection_id": kept.session.connection_id,
                    "held_seconds": round(held_seconds, 3),
                    "borrower": borrower,
                },
            )
