"""`make attack REQUESTS=50000 SECONDS=10 SEED=1 PROXY=1`: attack a private service from outside.

Sends hostile requests, then keeps slow clients of each kind connected for SECONDS. A seed repeats
the sequence of requests. Exits with status 1 if a limit of `tests.attack.limits` is exceeded.
"""

import argparse
import sys
import threading
import time
from contextlib import contextmanager

from dev.system_packages import Stop, say
from tests.attack.flood import Tally, flood
from tests.attack.limits import SLOW_CLIENTS
from tests.attack.memory import measuring_memory
from tests.attack.probes import probing, wait_until_served
from tests.attack.report import excesses, summary
from tests.attack.target import private_target
from tests.support.slow_clients import KINDS, SlowClients

MAX_FLOOD_SECONDS = 1800
REPORT_INTERVAL_SECONDS = 15


def main(arguments=None):
    """Run the attack; return 0 if no limit was exceeded."""
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10, help="for each kind of slow client")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--proxy", action="store_true", help="attack the documented HAProxy")
    options = parser.parse_args(arguments)
    try:
        with private_target(options.proxy) as target:
            problems = attack(target, options)
    except Stop as stop:
        problems = [str(stop)]
    for problem in problems:
        say(f"attack: {problem}")
    return 1 if problems else 0


def attack(target, options):
    """Run every phase and print the summary; return what exceeded the limits."""
    tally, phases = Tally(), {}
    with measuring_memory(target.master) as memory:
        with probing(target.port) as phases["flood"], progress(tally, phases["flood"]):
            flood(
                target,
                requests=options.requests,
                seed=options.seed,
                seconds=MAX_FLOOD_SECONDS,
                tally=tally,
            )
        for kind in KINDS:
            name = f"slow clients ({kind})"
            wait_until_served(target.port)
            with (
                SlowClients(target.port, kind, SLOW_CLIENTS),
                probing(target.port) as phases[name],
            ):
                time.sleep(options.seconds)
            say(f"attack: {SLOW_CLIENTS} {name}: {phases[name]}")
    for line in summary(tally, phases, memory):
        say(f"attack: {line}")
    return excesses(tally, phases, memory, proxied=target.proxied)


@contextmanager
def progress(tally, probes):
    """Print the number of requests and errors regularly until the end of the block."""
    ended = threading.Event()

    def report():
        while not ended.wait(REPORT_INTERVAL_SECONDS):
            sent, errors = sum(tally.sent.values()), tally.server_errors
            say(f"attack: {sent} requests sent, {errors} x 500; {probes}")

    thread = threading.Thread(target=report)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
