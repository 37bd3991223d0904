"""`make soak MINUTES=10 SEED=1`: mixed traffic for a long time, while faults strike at random.

Reproducible by its seed: the same faults in the same order after the same pauses. At the end the
ledger is compared, and open files, threads, memory and the server's sessions have to be back
where they were. Exits with 1 where anything is lost, doubled or left over, or where a client got
an answer that is neither a success nor a 503.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from random import Random

from dev.system_packages import Stop, say
from tests.faults.census import Census, count
from tests.faults.lane import Lane, Place
from tests.faults.load import Client, traffic
from tests.faults.soak_strikes import STRIKES, be_well
from tests.faults.stage import Stage
from tests.faults.variants import VARIANTS

CLIENTS = 12
PAUSE_SECONDS = 0.012  # of a client between two requests; together some hundreds a second
SECONDS_BETWEEN_STRIKES = (1.0, 5.0)
WARM_SECONDS = 5
# gunicorn starts a thread when there is more to do than threads to do it: so many start them all.
WARM_CLIENTS = 48
# A server learns nothing of clients that vanish in a black hole: it ends their sessions by this.
WAIT_TIMEOUT_SECONDS = 20
REPORT_EVERY_SECONDS = 30
ALLOWED = ("200", "201", "503 ")


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak; 0 if nothing was lost and nothing is left over."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strategy", choices=VARIANTS, default="adaptive")
    options = parser.parse_args(arguments)
    variant = VARIANTS[options.strategy]
    try:
        with (
            Lane(Place(), wait_timeout=WAIT_TIMEOUT_SECONDS) as lane,
            Stage(lane, variant, way="proxy") as stage,
        ):
            problems = soak(stage, seconds=options.minutes * 60, seed=options.seed)
    except Stop as stop:
        problems = [str(stop)]
    for problem in problems:
        say(f"soak: {problem}")
    return 1 if problems else 0


def soak(stage: Stage, *, seconds: float, seed: int) -> list[str]:
    """Run traffic and strikes for so long; returns what is wrong at the end."""
    stage.warm()
    with traffic(stage.before, clients=WARM_CLIENTS, pause_seconds=PAUSE_SECONDS):
        time.sleep(WARM_SECONDS)
    at_the_start = count(stage)
    say(f"soak: {seconds / 60:g} minutes, seed {seed}; at the start: {at_the_start}")
    with traffic(stage.client, clients=CLIENTS, seed=seed, pause_seconds=PAUSE_SECONDS):
        strike_at_random(stage, seconds=seconds, chance=Random(seed))
        be_well(stage)
        time.sleep(WAIT_TIMEOUT_SECONDS + 2)
    return [*wrong_answers(stage.client), *wrong_data(stage), *left_over(stage, at_the_start)]


def strike_at_random(stage: Stage, *, seconds: float, chance: Random) -> None:
    """Strike every few seconds until the time is over."""
    ends_at = time.monotonic() + seconds
    report_at = time.monotonic() + REPORT_EVERY_SECONDS
    struck: Counter[str] = Counter()
    while time.monotonic() < ends_at:
        name = chance.choice(list(STRIKES))
        pause_seconds = chance.uniform(*SECONDS_BETWEEN_STRIKES)
        time.sleep(max(0.0, min(pause_seconds, ends_at - time.monotonic())))
        STRIKES[name](stage)
        struck[name] += 1
        if time.monotonic() > report_at:
            report_at += REPORT_EVERY_SECONDS
            say(f"soak: {sum(struck.values())} strikes; {summary(stage.client)}")
    say(f"soak: struck {', '.join(f'{count} x {name}' for name, count in sorted(struck.items()))}")


def summary(client: Client) -> str:
    """Say how many requests were answered, and how."""
    answers = list(client.answers)
    labels = Counter(answer.label for answer in answers)
    span = max(answers[-1].sent_at - answers[0].sent_at, 1) if answers else 1
    shown = ", ".join(f"{number} x {label}" for label, number in labels.most_common())
    worst = max((answer.seconds for answer in answers), default=0)
    return f"{len(answers) / span:.0f} requests/s: {shown}; worst {worst:.1f} s"


def wrong_answers(client: Client) -> list[str]:
    """Find answers that no fault excuses."""
    say(f"soak: {summary(client)}")
    labels = Counter(answer.label for answer in client.answers)
    wrong = [
        f"{number} x {label}" for label, number in labels.items() if not label.startswith(ALLOWED)
    ]
    told_too_much = sum(answer.says_too_much for answer in client.answers)
    return wrong + ([f"{told_too_much} answers say too much"] if told_too_much else [])


def wrong_data(stage: Stage) -> list[str]:
    """Compare the ledger."""
    balance = stage.balance()
    say(f"soak: {len(stage.client.told)} entries; the ledger is {balance}")
    return [] if balance.is_right else [f"the ledger: {balance}"]


def left_over(stage: Stage, at_the_start: Census) -> list[str]:
    """Find what did not come back to where it was."""
    now = count(stage)
    say(f"soak: at the end: {now}")
    return [
        *now.beyond(at_the_start),
        *(f"in the log: {line}" for line in stage.log_lines()[:3]),
    ]


if __name__ == "__main__":
    sys.exit(main())
