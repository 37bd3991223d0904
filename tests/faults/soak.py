"""`make soak MINUTES=10 SEED=1`: mixed traffic while random faults are injected.

A seed reproduces the sequence of faults and pauses. At the end the ledger is compared with what the
clients were told, and open files, threads, memory and server sessions must have returned to their
initial values. Exits with status 1 on a discrepancy, a resource leak, or a response that is neither
a success nor a 503.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from random import Random

from dev.system_packages import Stop, say
from tests.faults.environment import Environment, Target
from tests.faults.load import Client, traffic
from tests.faults.scenario import Scenario
from tests.faults.snapshot import ResourceSnapshot, take_snapshot
from tests.faults.soak_injections import INJECTIONS, remove_faults
from tests.faults.variants import VARIANTS

CLIENTS = 12
PAUSE_SECONDS = 0.012  # between two requests of a client; several hundred requests/s in total
SECONDS_BETWEEN_FAULTS = (1.0, 5.0)
WARM_UP_SECONDS = 5
# gunicorn starts threads on demand; this many clients make it start all of them.
WARM_UP_CLIENTS = 48
# The server ends sessions of clients whose packets are dropped only after this time.
WAIT_TIMEOUT_SECONDS = 20
REPORT_INTERVAL_SECONDS = 30
ALLOWED = ("200", "201", "503 ")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak test; return 0 if it found no problem."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strategy", choices=VARIANTS, default="adaptive")
    options = parser.parse_args(arguments)
    variant = VARIANTS[options.strategy]
    try:
        with (
            Environment(Target(), wait_timeout=WAIT_TIMEOUT_SECONDS) as environment,
            Scenario(environment, variant, route="proxy") as scenario,
        ):
            problems = soak(scenario, seconds=options.minutes * 60, seed=options.seed)
    except Stop as stop:
        problems = [str(stop)]
    for problem in problems:
        say(f"soak: {problem}")
    return 1 if problems else 0


def soak(scenario: Scenario, *, seconds: float, seed: int) -> list[str]:
    """Run traffic and inject faults for this long; return the problems found at the end."""
    scenario.warm_up()
    with traffic(scenario.warm_up_client, clients=WARM_UP_CLIENTS, pause_seconds=PAUSE_SECONDS):
        time.sleep(WARM_UP_SECONDS)
    initial = take_snapshot(scenario)
    say(f"soak: {seconds / 60:g} minutes, seed {seed}; at the start: {initial}")
    with traffic(scenario.client, clients=CLIENTS, seed=seed, pause_seconds=PAUSE_SECONDS):
        inject_at_random(scenario, seconds=seconds, random=Random(seed))
        remove_faults(scenario)
        time.sleep(WAIT_TIMEOUT_SECONDS + 2)
    return [
        *unexpected_responses(scenario.client),
        *ledger_problems(scenario),
        *resource_leaks(scenario, initial),
    ]


def inject_at_random(scenario: Scenario, *, seconds: float, random: Random) -> None:
    """Inject a random fault every few seconds until the time is over."""
    ends_at = time.monotonic() + seconds
    report_at = time.monotonic() + REPORT_INTERVAL_SECONDS
    injected: Counter[str] = Counter()
    while time.monotonic() < ends_at:
        name = random.choice(list(INJECTIONS))
        pause_seconds = random.uniform(*SECONDS_BETWEEN_FAULTS)
        time.sleep(max(0.0, min(pause_seconds, ends_at - time.monotonic())))
        INJECTIONS[name](scenario)
        injected[name] += 1
        if time.monotonic() > report_at:
            report_at += REPORT_INTERVAL_SECONDS
            say(f"soak: {sum(injected.values())} faults injected; {summary(scenario.client)}")
    counts = ", ".join(f"{count} x {name}" for name, count in sorted(injected.items()))
    say(f"soak: faults injected: {counts}")


def summary(client: Client) -> str:
    """Describe the request rate, the responses by status, and the slowest response."""
    responses = list(client.responses)
    labels = Counter(response.label for response in responses)
    span = max(responses[-1].sent_at - responses[0].sent_at, 1) if responses else 1
    shown = ", ".join(f"{number} x {label}" for label, number in labels.most_common())
    worst = max((response.seconds for response in responses), default=0)
    return f"{len(responses) / span:.0f} requests/s: {shown}; worst {worst:.1f} s"


def unexpected_responses(client: Client) -> list[str]:
    """Return the kinds of responses that no fault justifies."""
    say(f"soak: {summary(client)}")
    labels = Counter(response.label for response in client.responses)
    wrong = [
        f"{number} x {label}" for label, number in labels.items() if not label.startswith(ALLOWED)
    ]
    leaks = sum(response.leaks_details for response in client.responses)
    return wrong + ([f"{leaks} responses leak internal details"] if leaks else [])


def ledger_problems(scenario: Scenario) -> list[str]:
    """Compare the ledger with what the clients were told."""
    found = scenario.discrepancies()
    say(f"soak: {len(scenario.client.reported)} entries; the ledger: {found}")
    return [] if found.is_empty else [f"the ledger: {found}"]


def resource_leaks(scenario: Scenario, initial: ResourceSnapshot) -> list[str]:
    """Return the resources that did not return to their initial values, and tracebacks."""
    final = take_snapshot(scenario)
    say(f"soak: at the end: {final}")
    return [
        *final.excess_over(initial),
        *(f"in the log: {line}" for line in scenario.log_lines()[:3]),
    ]


if __name__ == "__main__":
    sys.exit(main())
