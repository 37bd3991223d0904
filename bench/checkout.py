"""The cost of acquire and release, by strategy: python -m bench.checkout [pyperf's options].

In steady use on a private server, by pyperf; then the round trips of one checkout, counted at the
server. Writes docs/benchmarks-checkout.json, from which `make bench` takes its ratio.
"""

import json
import os

import pyperf

from app.db.strategies import STRATEGIES
from app.settings import open_database
from bench.machine import machine
from bench.targets import CHECKOUT
from tests.support.database import settings_for
from tests.support.server import start_server

ADDRESS = "BENCH_DATABASE_URL"  # pyperf's worker processes inherit it
COUNTED = 10
ROUND_TRIPS = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_admin_commands')"


def checkout(loops: int, lender) -> float:
    """Borrow and give back so many times; gives the seconds it took."""
    start = pyperf.perf_counter()
    for _ in range(loops):
        lender.give_back(lender.borrow())
    return pyperf.perf_counter() - start


def main() -> None:
    """Measure all strategies, and the pool without a check."""
    runner = pyperf.Runner(processes=6, program_args=("-m", "bench.checkout"))
    runner.parse_args()
    if runner.args.worker:
        measure(runner)
        return
    with start_server() as server:
        os.environ[ADDRESS] = server.create_database()
        runner.args.inherit_environ = [ADDRESS, "PYTHONPATH"]
        found = {"machine": machine(server), "strategies": measure(runner)}
        with server.connect() as watcher:
            for name, figures in found["strategies"].items():
                figures["round_trips"] = round_trips(watcher, name)
    CHECKOUT.write_text(json.dumps(found, indent=1) + "\n")


def measure(runner: pyperf.Runner) -> dict[str, dict[str, float]]:
    """Run pyperf on each strategy; the figures are known to the process that started it."""
    found = {}
    for name in [*STRATEGIES, "bench.no_check:NoCheck"]:
        database = open_database(settings_for(os.environ[ADDRESS], db_strategy=name))
        timed = runner.bench_time_func(f"checkout {name}", checkout, database.connections)
        database.close()
        if timed is not None and not runner.args.worker:
            micros = [value * 1e6 for value in timed.get_values()]
            found[name] = {
                "microseconds": timed.median() * 1e6,
                "least": min(micros),
                "most": max(micros),
            }
    return found


def round_trips(watcher, name: str) -> float:
    """What one checkout in steady use sends, on average; opening a connection is more than one."""
    database = open_database(settings_for(os.environ[ADDRESS], db_strategy=name))
    checkout(1, database.connections)
    before = asked(watcher)
    checkout(COUNTED, database.connections)
    sent = asked(watcher) - before - 1  # the look itself
    database.close()
    return sent / COUNTED


def asked(watcher) -> int:
    """What the server was asked so far: statements, and pings, which it counts apart."""
    with watcher.cursor() as cursor:
        cursor.execute(ROUND_TRIPS)
        return sum(int(value) for _, value in cursor.fetchall())


if __name__ == "__main__":
    main()
