"""What became of the pool's connections: counters, and one log line for each that ended."""

import logging
from collections.abc import Iterable

from app.db.clock import now
from app.db.counters import Counters
from app.db.death import Death, FoundBy
from app.db.strategies.adaptive.kept import Kept

log = logging.getLogger(__name__)

LEVELS: dict[FoundBy, int] = {
    "rule": logging.DEBUG,
    "look": logging.INFO,
    "ping": logging.WARNING,
    "use": logging.WARNING,
    "unit": logging.WARNING,
}


class Record:
    """Kept for one pool."""

    def __init__(self) -> None:
        self._counters = Counters()
        self.add = self._counters.add

    def retired(self, kept: Kept, death: Death) -> None:
        """Note that a connection ended: by cause, and by where that was found."""
        self.add(f"retired_{death.cause}")
        self.add("recycled" if death.found_by == "rule" else f"found_dead_by_{death.found_by}")
        if death.code and death.cause in {"farewell", "shutdown", "killed"}:
            self.add(f"farewell_{death.code}")
        self.add("looked_at", kept.looks)
        self.add("reused", kept.reuses)
        _log(kept, death)

    def as_dict(self, idle: Iterable[Kept], lent: Iterable[Kept]) -> dict[str, int]:
        """Give the figures, those of connections that live included."""
        idle, lent = list(idle), list(lent)
        figures = {"looked_at": 0, "reused": 0, **self._counters.as_dict()}
        figures["looked_at"] += sum(kept.looks for kept in (*idle, *lent))
        figures["reused"] += sum(kept.reuses for kept in (*idle, *lent))
        return {**figures, "idle": len(idle), "lent": len(lent)}


def _log(kept: Kept, death: Death) -> None:
    moment = now()
    fields = {
        "connection_id": kept.session.connection_id,
        "cause": death.cause,
        "found_by": death.found_by,
        "server_code": death.code,
        "age_seconds": round(moment - kept.connection.opened_at, 1),
        "idle_seconds": round(moment - kept.released_at, 1),
        "generation": kept.generation,
        "detail": death.detail,
    }
    log.log(
        LEVELS[death.found_by],
        "connection %d retired: cause=%s found_by=%s age=%.1fs %s",
        fields["connection_id"],
        death.cause,
        death.found_by,
        fields["age_seconds"],
        death.detail,
        extra=fields,
    )
