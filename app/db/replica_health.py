"""How far a read replica is behind its primary, as far as this process can know.

The position of the primary is read at some moment. Once the replica has applied it, the replica
has everything that was committed before that moment: its data were at most as old as the time
since then. This needs no privilege, no table and no synchronized clocks, and finds a stopped,
delayed or disconnected replica alike. `Seconds_Behind_Master` does not: it is 0 while the
connection to the primary is stalled or a long transaction is being applied.
"""

from dataclasses import dataclass, field

from .clock import now
from .gtid import NOWHERE, Position

NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Target:
    """The position of the primary at a moment."""

    position: Position
    read_at: float


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of the replica; each measurement makes a new one.

    applied       what the replica had executed at `measured_at`; it has at least that until it
                  restarts
    confirmed_at  the replica has everything that was committed before
    target        not applied yet
    since         the first measurement was possible at that time
    """

    applied: Position = NOWHERE
    measured_at: float = NEVER
    confirmed_at: float = NEVER
    target: Target | None = None
    since: float = field(default_factory=now)

    def lag_seconds(self) -> float:
        """Return the largest possible age of the data; infinite if it is not known."""
        return now() - self.confirmed_at

    def with_applied(self, applied: Position, measured_at: float) -> "Health":
        """Return the health after the replica had executed `applied` at this time or later."""
        confirmed_at, target = self.confirmed_at, self.target
        if target is not None and applied.covers(target.position):
            confirmed_at, target = target.read_at, None
        return Health(applied, measured_at, confirmed_at, target, self.since)

    def with_target(self, target: Target) -> "Health":
        """Return the health after the position of the primary was read."""
        if self.applied.covers(target.position):
            return Health(self.applied, self.measured_at, target.read_at, None, self.since)
        return Health(self.applied, self.measured_at, self.confirmed_at, target, self.since)
