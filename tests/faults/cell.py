"""One fault against one strategy: struck, measured, graded."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tests.faults.lane import Lane
from tests.faults.ledger import Balance
from tests.faults.load import NO_ANSWER, ResponseData, at_once
from tests.faults.stage import Stage
from tests.faults.table import Fault
from tests.faults.variants import WORKERS, Variant

# From best to worst, each with what it says of a cell.
GRADES = {
    "clean": "no request failed, none waited long",
    "late": "no request failed, some waited for more than 1.5 s",
    "fails": "requests failed, and it recovered by itself",
    "broken": "requests still failed when all was well again",
    "hangs": "a client got no answer within 10 s",
    "corrupt": "the data, or an answer, are not what a client was told",
}
Grade = Literal["clean", "late", "fails", "broken", "hangs", "corrupt"]

LATE_SECONDS = 1.5
LINES_OF_LOG = 20
# So many reads in a row are good, of all workers, where all is well again.
ALL_WORKERS_KNOW = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured; times in seconds."""

    fault: str
    variant: str
    place: str
    requests: int
    failed: int
    statuses: dict[str, int]
    p99: float
    worst: float
    late: int  # answers that took longer than LATE_SECONDS
    livez_worst: float
    opened: int  # connections, by all workers, after the strike
    recovery: float | None  # from the moment all was well to the first success
    after_failed: int
    says_too_much: int
    anothers: int
    without_retry_after: int  # 503 without saying when to come again
    failed_reads: int
    balance: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    tracebacks: int = 0
    version: str = ""  # the server's
    run: str = ""  # when the command began that measured it
    log: str = ""  # the end of the service's

    @property
    def grade(self) -> Grade:
        """Name the worst that happened."""
        if self.anothers or any(self.balance.values()):
            return "corrupt"
        if "no answer" in self.statuses:
            return "hangs"
        if self.after_failed:
            return "broken"
        if self.failed:
            return "fails"
        return "late" if self.worst > LATE_SECONDS else "clean"

    def as_dict(self) -> dict[str, Any]:
        """Give everything but the log, for JSON."""
        figures = {name: value for name, value in asdict(self).items() if name != "log"}
        return {**figures, "grade": self.grade}

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> "Cell":
        """Read it back."""
        return cls(**{name: value for name, value in found.items() if name != "grade"})

    def __str__(self) -> str:
        statuses = ", ".join(f"{count} x {label}" for label, count in self.statuses.items())
        recovery = "-" if self.recovery is None else f"{self.recovery:.2f} s"
        return (
            f"{self.fault} x {self.variant} on {self.place}: {self.grade.upper()}; {statuses}; "
            f"p99 {self.p99:.2f} s, worst {self.worst:.2f} s, livez {self.livez_worst:.2f} s, "
            f"opened {self.opened}, recovery {recovery}, failed after it {self.after_failed}, "
            f"ledger {Balance(**self.balance)}"
        )

    def explain(self) -> str:
        """Say all that is known, for whoever reads of a test that failed on another machine."""
        return f"{self}\n{self.counters}\n{self.log}"


def run_cell(lane: Lane, fault: Fault, variant: Variant, *, quick: bool = False) -> Cell:
    """Strike once; the lane is well again afterwards."""
    settings = {**fault.settings, **(fault.quick if quick else {})}
    with Stage(lane, variant, way=fault.way, served_by=fault.served_by, settings=settings) as stage:
        fault.strike(stage)
        stage.firewall.lift()
        recovery = recover(stage, fault.heals_within_seconds) if fault.heals else None
        return measure(stage, fault, recovery)


def recover(stage: Stage, patience_seconds: float) -> float | None:
    """Wait for the first success once all is well, and for all workers; then ask all at once."""
    healed_at = stage.healed_at or time.monotonic()
    first = _first_success(stage.client.answers, healed_at) if stage.healed_at else None
    known: list[int] = []  # the workers that gave the last good answers
    while len(known) < ALL_WORKERS_KNOW or len(set(known)) < WORKERS:
        if time.monotonic() > healed_at + patience_seconds:
            break
        answer = stage.before.read()
        known = [*known, answer.worker] if answer.is_good else []
        if first is None and answer.is_good:
            first = answer.sent_at + answer.seconds
        time.sleep(0.02)

    def one_client() -> None:
        stage.after.read()
        stage.after.write()

    clients = stage.variant.clients
    at_once(one_client, threads=clients, each=max(2, ALL_WORKERS_KNOW * 2 // clients))
    return None if first is None else max(0.0, first - healed_at)


def measure(stage: Stage, fault: Fault, recovery: float | None) -> Cell:
    """Sum up what the clients saw and what the database holds."""
    answers = [answer for answer in stage.client.answers if answer.kind != "livez"]
    lives = [answer.seconds for answer in stage.client.answers if answer.kind == "livez"]
    seconds = sorted(answer.seconds for answer in answers)
    everything = [*stage.client.answers, *stage.after.answers]
    counters = stage.statistics() if _answers(stage) else {}
    return Cell(
        fault=fault.name,
        variant=stage.variant.name,
        place=stage.lane.place.name,
        requests=len(answers),
        failed=sum(not answer.is_good for answer in answers),
        statuses=dict(Counter(answer.label for answer in answers).most_common()),
        p99=round(percentile(seconds, 99), 4),
        worst=round(seconds[-1], 4),
        late=sum(one > LATE_SECONDS for one in seconds),
        livez_worst=round(max(lives, default=0.0), 4),
        opened=counters.get("opened", 0),
        recovery=None if recovery is None else round(recovery, 3),
        after_failed=sum(not answer.is_good for answer in stage.after.answers),
        says_too_much=sum(answer.says_too_much for answer in everything),
        anothers=sum(answer.is_anothers for answer in everything),
        without_retry_after=sum(answer.lacks_retry_after for answer in everything),
        failed_reads=sum(not answer.is_good and answer.kind == "read" for answer in answers),
        balance=asdict(stage.balance()),
        counters=counters,
        tracebacks=len(stage.log_lines()),
        version=stage.control.version(),
        log="\n".join(stage.log_lines([""])[-LINES_OF_LOG:]),
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Give the value that so many percent do not exceed."""
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100) - 1)]


def _first_success(answers: Sequence[ResponseData], since: float) -> float | None:
    ends = (
        answer.sent_at + answer.seconds
        for answer in answers
        if answer.is_good and answer.kind != "livez" and answer.sent_at >= since
    )
    return min(ends, default=None)


def _answers(stage: Stage) -> bool:
    return stage.client.livez().status != NO_ANSWER
