"""The counts of the demo by strategy, which clients and faults write and views read."""

import time
from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Lock

from dev.demo.faults import Fault

NO_FAULT = "before"


@dataclass(slots=True)
class Counts:
    """Requests that were served and that failed, and the longest response time."""

    served: int = 0
    failed: int = 0
    slowest_seconds: float = 0.0

    @property
    def requests(self) -> int:
        """The number of requests that have ended."""
        return self.served + self.failed

    def add(self, seconds: float, *, failed: bool) -> None:
        """Count a request."""
        self.failed += failed
        self.served += not failed
        self.slowest_seconds = max(self.slowest_seconds, seconds)


@dataclass(slots=True)
class Tally:
    """The counts of one strategy: of all requests, by the latest fault's name, and by second.

    A request counts when it ends. One that failed or was slow affects each second in which a client
    waited for it.
    """

    total: Counts = field(default_factory=Counts)
    by_fault: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    by_second: defaultdict[int, Counts] = field(default_factory=lambda: defaultdict(Counts))
    last_error: str = ""

    def add(self, seconds: float, error: str, *, ended_at: float, fault: str) -> None:
        """Count a request that failed with this error, or was served."""
        end, failed = int(ended_at), bool(error)
        for counts in (self.total, self.by_fault[fault], self.by_second[end]):
            counts.add(seconds, failed=failed)
        for second in range(max(0, int(ended_at - seconds)), end):
            waiting = self.by_second[second]
            waiting.failed += failed
            waiting.slowest_seconds = max(waiting.slowest_seconds, seconds)
        self.last_error = error or self.last_error


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault, and when it strikes, in seconds since the demo began."""

    fault: Fault
    at: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts at one time; the last of `strikes` may still be announced only."""

    elapsed: float
    seconds: float  # planned
    is_over: bool
    strikes: tuple[Strike, ...]
    tallies: dict[str, Tally]

    @property
    def current(self) -> Strike | None:
        """The latest strike or the announced one; None before the first announcement."""
        return self.strikes[-1] if self.strikes else None


class Board:
    """Thread-safe; counts nothing before `begin`."""

    def __init__(self, strategies: Sequence[str], seconds: float) -> None:
        self._lock = Lock()
        self._seconds = seconds
        self._tallies = {name: Tally() for name in strategies}
        self._strikes: list[Strike] = []
        self._began_at: float | None = None
        self._ended_at: float | None = None

    def begin(self) -> None:
        """Start the clock."""
        self._began_at = time.monotonic()

    def end(self) -> None:
        """Stop the clock; requests that are still in progress will be counted."""
        self._ended_at = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since `begin`, until `end`."""
        if self._began_at is None:
            return 0.0
        return (self._ended_at or time.monotonic()) - self._began_at

    def count(self, strategy: str, seconds: float, error: str) -> None:
        """Count a request that has just ended; `error` is empty if it was served."""
        with self._lock:
            if self._began_at is None:
                return
            ended_at = self.elapsed
            self._tallies[strategy].add(
                seconds, error, ended_at=ended_at, fault=self._latest(ended_at)
            )

    def announce(self, fault: Fault, notice_seconds: float) -> None:
        """Show a fault before it strikes."""
        with self._lock:
            self._strikes.append(Strike(fault, self.elapsed + notice_seconds))

    def snapshot(self) -> Snapshot:
        """Return a copy of the counts."""
        with self._lock:
            return Snapshot(
                self.elapsed,
                self._seconds,
                self._ended_at is not None,
                tuple(self._strikes),
                deepcopy(self._tallies),
            )

    def _latest(self, elapsed: float) -> str:
        struck = [strike.fault.name for strike in self._strikes if strike.at <= elapsed]
        return struck[-1] if struck else NO_FAULT
