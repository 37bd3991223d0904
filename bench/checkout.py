"""The cost of acquire and release, by strategy: python -m bench.checkout [pyperf's options].

In steady use on a private server, by pyperf; then the round trips of one checkout, counted at the
server. `-o FILE` keeps the figures for `pyperf compare_to`.
"""

import os

import pyperf

from app.db.database import open_database
from app.db.strategies import STRATEGIES
from tests.support.database import settings_for
from tests.support.server import start_server

ADDRESS = "BENCH_DATABASE_URL"  # pyperf's worker processes inherit it


def checkout(loops: int, lender) -> float:
    """Borrow and give back so many times; gives the seconds it took."""
    start = pyperf.perf_counter()
    for _ in range(loops):
        lender.give_back(lender.borrow())
    return pyperf.perf_counter() - start


def main() -> None:
    """Measure all strategies that keep their connections."""
    runner = pyperf.Runner()
    runner.parse_args()
    if not runner.args.worker:
        with start_server() as server:
            os.environ[ADDRESS] = server.create_database()
            runner.args.inherit_environ = [ADDRESS, "PYTHONPATH"]
            measure(runner)
    else:
        measure(runner)


def measure(runner: pyperf.Runner) -> None:
    """Run pyperf on each strategy."""
    for name in [*STRATEGIES, "bench.no_check:NoCheck"]:
        database = open_database(settings_for(os.environ[ADDRESS], db_strategy=name))
        runner.bench_time_func(f"checkout {name}", checkout, database.lender)
        database.close()


if __name__ == "__main__":
    main()
