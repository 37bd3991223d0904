"""Cost of a checkout and checkin, by strategy: python -m bench.checkout [pyperf options].

pyperf measures the time in steady use on a private server; the round trips of one checkout are
counted at the server. Writes docs/benchmarks-checkout.json, which `make bench` reads.
"""

import json
import os

import pyperf

from app.db.connection_manager import ConnectionManager
from app.db.strategies import STRATEGIES
from app.settings import open_database
from bench.machine import machine
from bench.targets import CHECKOUT
from tests.support.database import settings_for
from tests.support.server import start_server

URL_VARIABLE = "BENCH_DATABASE_URL"  # inherited by pyperf's worker processes
COUNTED_CHECKOUTS = 10
ROUND_TRIPS = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_admin_commands')"


def checkout(loops: int, connections: ConnectionManager) -> float:
    """Check a connection out and in this many times; return the duration in seconds."""
    start = pyperf.perf_counter()
    for _ in range(loops):
        connections.checkin(connections.checkout())
    return pyperf.perf_counter() - start


def main() -> None:
    """Measure all strategies and the pool without checks."""
    runner = pyperf.Runner(processes=6, program_args=("-m", "bench.checkout"))
    runner.parse_args()
    if runner.args.worker:
        measure(runner)
        return
    with start_server() as server:
        os.environ[URL_VARIABLE] = server.create_database()
        runner.args.inherit_environ = [URL_VARIABLE, "PYTHONPATH"]
        results = {"machine": machine(server), "strategies": measure(runner)}
        with server.connect() as watcher:
            for name, measured in results["strategies"].items():
                measured["round_trips"] = round_trips(watcher, name)
    CHECKOUT.write_text(json.dumps(results, indent=1) + "\n")


def measure(runner: pyperf.Runner) -> dict[str, dict[str, float]]:
    """Run pyperf on each strategy; only the main process returns results."""
    results = {}
    for name in [*STRATEGIES, "bench.no_check:NoCheck"]:
        database = open_database(settings_for(os.environ[URL_VARIABLE], db_strategy=name))
        timed = runner.bench_time_func(f"checkout {name}", checkout, database.connections)
        database.close()
        if timed is not None and not runner.args.worker:
            micros = [value * 1e6 for value in timed.get_values()]
            results[name] = {
                "microseconds": timed.median() * 1e6,
                "min": min(micros),
                "max": max(micros),
            }
    return results


def round_trips(watcher, name: str) -> float:
    """Return the average number of round trips of one checkout in steady use."""
    database = open_database(settings_for(os.environ[URL_VARIABLE], db_strategy=name))
    checkout(1, database.connections)
    before = round_trips_so_far(watcher)
    checkout(COUNTED_CHECKOUTS, database.connections)
    sent = round_trips_so_far(watcher) - before - 1  # the second SHOW STATUS
    database.close()
    return sent / COUNTED_CHECKOUTS


def round_trips_so_far(watcher) -> int:
    """Return the number of statements and pings the server has received."""
    with watcher.cursor() as cursor:
        cursor.execute(ROUND_TRIPS)
        return sum(int(value) for _, value in cursor.fetchall())


if __name__ == "__main__":
    main()
