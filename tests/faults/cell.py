"""One cell of the fault matrix: one fault injected against one strategy, and what was measured."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tests.faults.catalog import Fault
from tests.faults.environment import Environment
from tests.faults.ledger import Discrepancies
from tests.faults.load import NO_RESPONSE, PAUSE_SECONDS, Response, run_concurrently
from tests.faults.scenario import Scenario, Server
from tests.faults.variants import WORKERS, Variant

# From best to worst, each with its definition.
OUTCOMES = {
    "clean": "no request failed or was slow",
    "slow": "no request failed; some took longer than 1.5 s",
    "fails": "requests failed; the service recovered without intervention",
    "broken": "requests still failed after the fault was removed",
    "hangs": "a client received no response within 10 s",
    "harms": "abandoned statements kept running, or another client's session was ended",
    "corrupt": "stored data or a response contradicted what a client was told",
}
Outcome = Literal["clean", "slow", "fails", "broken", "hangs", "harms", "corrupt"]

SLOW_SECONDS = 1.5
QUICK_PAUSE_SECONDS = 0.06  # of a client between two requests; saves CPU in the tests
LOG_LINES = 20
HEALTH = ("livez", "readyz")
# The service has recovered after this many consecutive successful reads, served by all workers.
CONSECUTIVE_SUCCESSES = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """Measurements of one cell; durations in seconds."""

    fault: str
    variant: str
    target: str
    requests: int
    failed: int
    statuses: dict[str, int]
    p99: float
    worst: float
    slow: int  # responses that took longer than SLOW_SECONDS
    livez_worst: float
    opened: int  # connections opened by all workers since they started
    recovery: float | None  # from the end of the fault to the first success
    failed_after_recovery: int
    leaked_details: int  # error responses with text of the driver, kernel or server
    wrong_responses: int  # reads that received another request's row
    missing_retry_after: int  # 503 responses without Retry-After
    failed_reads: int
    discrepancies: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    tracebacks: int = 0
    side_effects: dict[str, int] = field(default_factory=dict)  # outside of the service
    version: str = ""  # of the server
    run: str = ""  # start time of the command that measured the cell
    log: str = ""  # last lines of the service's log

    @property
    def outcome(self) -> Outcome:
        """The worst outcome that applies."""
        if self.wrong_responses or any(self.discrepancies.values()):
            return "corrupt"
        if any(self.side_effects.values()):
            return "harms"
        if "no response" in self.statuses:
            return "hangs"
        if self.failed_after_recovery:
            return "broken"
        if self.failed:
            return "fails"
        return "slow" if self.worst > SLOW_SECONDS else "clean"

    def as_dict(self) -> dict[str, Any]:
        """Return all values except the log, for JSON."""
        values = {name: value for name, value in asdict(self).items() if name != "log"}
        return {**values, "outcome": self.outcome}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Cell":
        """Return the cell that `as_dict` has written."""
        return cls(**{name: value for name, value in values.items() if name != "outcome"})

    def __str__(self) -> str:
        statuses = ", ".join(f"{count} x {label}" for label, count in self.statuses.items())
        recovery = "-" if self.recovery is None else f"{self.recovery:.2f} s"
        return (
            f"{self.fault} x {self.variant} on {self.target}: {self.outcome.upper()}; {statuses}; "
            f"p99 {self.p99:.2f} s, worst {self.worst:.2f} s, livez {self.livez_worst:.2f} s, "
            f"opened {self.opened}, recovery {recovery}, "
            f"failed after recovery {self.failed_after_recovery}, "
            f"ledger {Discrepancies(**self.discrepancies)}"
            + "".join(f", {count} {what}" for what, count in self.side_effects.items())
        )

    def describe(self) -> str:
        """Return all measurements and the end of the log, for the message of a failed test."""
        return f"{self}\n{self.counters}\n{self.log}"


def run_cell(
    environment: Environment,
    fault: Fault,
    variant: Variant,
    *,
    quick: bool = False,
    web_server: Server = "gunicorn",
) -> Cell:
    """Inject the fault once and measure; the environment is restored afterwards.

    `quick` uses the shorter settings and the lower request rate of the tests. `web_server` serves
    the application, unless the fault requires another one.
    """
    with Scenario(
        environment,
        variant,
        route=fault.route,
        served_by=fault.served_by or web_server,
        settings={**fault.settings, **(fault.quick_settings if quick else {})},
        pause_seconds=QUICK_PAUSE_SECONDS if quick else PAUSE_SECONDS,
    ) as scenario:
        fault.inject(scenario)
        scenario.firewall.clear()
        recovery = recover(scenario, fault.recovers_within_seconds) if fault.recovers else None
        return measure(scenario, fault, recovery)


def recover(scenario: Scenario, timeout_seconds: float) -> float | None:
    """Wait until all workers have recovered, then send requests from all clients.

    Return the time from the end of the fault to the first success, or None without a success.
    """
    recovered_at = scenario.recovered_at or time.monotonic()
    first = (
        _first_success(scenario.client.responses, recovered_at) if scenario.recovered_at else None
    )
    workers: list[int] = []  # that served the latest consecutive successful reads
    while len(workers) < CONSECUTIVE_SUCCESSES or len(set(workers)) < WORKERS:
        if time.monotonic() > recovered_at + timeout_seconds:
            break
        response = scenario.warm_up_client.read()
        workers = [*workers, response.worker] if response.is_success else []
        if first is None and response.is_success:
            first = response.sent_at + response.seconds
        time.sleep(0.02)

    def one_client() -> None:
        scenario.recovery_client.read()
        scenario.recovery_client.write()

    clients = scenario.variant.clients
    each = max(2, CONSECUTIVE_SUCCESSES * 2 // clients)
    run_concurrently(one_client, threads=clients, each=each)
    return None if first is None else max(0.0, first - recovered_at)


def measure(scenario: Scenario, fault: Fault, recovery: float | None) -> Cell:
    """Summarize the responses, the counters, and the state of the database."""
    every_response = scenario.client.responses
    responses = [response for response in every_response if response.kind != "livez"]
    livez = [response.seconds for response in every_response if response.kind == "livez"]
    after_recovery = scenario.recovery_client.responses
    seconds = sorted(response.seconds for response in responses)
    everything = [*every_response, *after_recovery]
    counters = scenario.statistics() if _responds(scenario) else {}
    return Cell(
        fault=fault.name,
        variant=scenario.variant.name,
        target=scenario.environment.target.name,
        requests=len(responses),
        failed=sum(not response.is_success for response in responses),
        statuses=dict(Counter(response.label for response in responses).most_common()),
        p99=round(percentile(seconds, 99), 4),
        worst=round(seconds[-1], 4),
        slow=sum(one > SLOW_SECONDS for one in seconds),
        livez_worst=round(max(livez, default=0.0), 4),
        opened=counters.get("opened", 0),
        recovery=None if recovery is None else round(recovery, 3),
        failed_after_recovery=sum(not response.is_success for response in after_recovery),
        leaked_details=sum(response.leaks_details for response in everything),
        wrong_responses=sum(response.is_wrong_response for response in everything),
        missing_retry_after=sum(response.misses_retry_after for response in everything),
        failed_reads=sum(
            not response.is_success and response.kind == "read" for response in responses
        ),
        discrepancies=asdict(scenario.discrepancies()),
        counters=counters,
        tracebacks=len(scenario.log_lines()),
        side_effects={what: count for what, count in scenario.side_effects.items() if count},
        version=scenario.admin.version(),
        log="\n".join(scenario.log_lines([""])[-LOG_LINES:]),
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile of values in ascending order."""
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100) - 1)]


def _first_success(responses: Sequence[Response], since: float) -> float | None:
    received_at = (
        response.sent_at + response.seconds
        for response in responses
        if response.is_success and response.kind not in HEALTH and response.sent_at >= since
    )
    return min(received_at, default=None)


def _responds(scenario: Scenario) -> bool:
    return scenario.client.livez().status != NO_RESPONSE
