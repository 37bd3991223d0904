"""`make matrix`: inject every fault against every strategy and document the outcomes.

    python -m tests.faults.matrix          # all cells, on MariaDB and MySQL, with and without TLS
    python -m tests.faults.matrix --server mariadb --tls plain --fault crash,no-greeting
    python -m tests.faults.matrix --draw    # only compare and draw the stored results
    python -m tests.faults.matrix --web-server granian --strategy adaptive    # only compare

Each cell measured under gunicorn is added to docs/fault-matrix.json; docs/fault-matrix.md and .svg
are generated from that file. Exits with status 1 if an outcome differs from
`expected_outcomes.toml`.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Sequence

from dev import mysql_root
from dev.system_packages import Stop, say
from tests.faults import report
from tests.faults.catalog import FAULTS
from tests.faults.cell import Cell
from tests.faults.environment import Target
from tests.faults.expectations import expected_outcomes, is_as_expected
from tests.faults.results import ResultStore, Run
from tests.faults.runner import PARALLEL_CELLS, running_cells
from tests.faults.variants import VARIANTS
from tests.support.service import SERVERS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the selected cells; return 1 if an outcome is not as expected."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parse(given)
    store, run = ResultStore(), Run.now(given)
    problems: list[str] = []

    def save(cell: Cell) -> None:
        if options.web_server == "gunicorn":
            store.add(cell, run)

    try:
        if options.draw:
            problems = [_unexpected(cell) for cell in store.cells() if not is_as_expected(cell)]
        else:
            for target in _targets(options):
                problems += measure(target, options, save)
    except Stop as stop:
        say(f"matrix: {stop}")
        return 1
    finally:
        report.write(store.cells(), store.runs())
    for problem in problems:
        say(problem)
    return 1 if problems else 0


def measure(target: Target, options: argparse.Namespace, save: Callable[[Cell], None]) -> list[str]:
    """Run the selected cells on one target; return a line for each unexpected outcome."""
    keys = list(itertools.product(options.fault, options.strategy))
    started, number = time.monotonic(), itertools.count(1)

    def on_result(cell: Cell) -> None:
        save(cell)
        minutes = (time.monotonic() - started) / 60
        mark = "" if is_as_expected(cell) else "  <-- not as expected"
        say(f"[{next(number)}/{len(keys)}, {minutes:.1f} min] {cell}{mark}")

    problems: list[str] = []
    with running_cells(
        keys,
        target,
        jobs=options.jobs,
        quick=options.quick,
        web_server=options.web_server,
        on_result=on_result,
    ) as cells:
        for (fault, variant), future in cells.items():
            if error := future.exception():
                problems.append(f"NOT MEASURED: {fault} x {variant} on {target.name}: {error!r}")
            elif not is_as_expected(cell := future.result()):
                problems.append(_unexpected(cell))
    return problems


def _unexpected(cell: Cell) -> str:
    expected = " or ".join(expected_outcomes(cell.fault, cell.variant, cell.target))
    return f"NOT AS EXPECTED ({expected}): {cell}"


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make matrix", description=__doc__.partition("\n")[0])

    def choice(name: str, allowed: Sequence[str], meaning: str) -> None:
        def comma_separated(text: str) -> list[str]:
            chosen = text.split(",")
            if unknown := set(chosen) - set(allowed):
                raise argparse.ArgumentTypeError(
                    f"unknown: {', '.join(sorted(unknown))}; use {', '.join(allowed)}"
                )
            return chosen

        parser.add_argument(
            name, type=comma_separated, default=list(allowed), help=meaning, metavar="A,B"
        )

    choice("--fault", list(FAULTS), "faults to inject (default: all)")
    choice("--strategy", list(VARIANTS), "strategies to test (default: all)")
    choice("--server", ["mariadb", "mysql"], "database servers (default: both)")
    choice("--tls", ["plain", "tls"], "without and with TLS (default: both)")
    parser.add_argument(
        "--web-server", choices=SERVERS, default="gunicorn", help="what serves the application"
    )
    parser.add_argument("--jobs", type=int, default=PARALLEL_CELLS, help="cells run in parallel")
    parser.add_argument("--draw", action="store_true", help="only compare and draw stored results")
    parser.add_argument("--quick", action="store_true", help="as in the tests")
    return parser.parse_args(arguments)


def _targets(options: argparse.Namespace) -> list[Target]:
    root = None
    if "mysql" in options.server:
        root = str(mysql_root.root_folder())
        mysql_root.ensure(mysql_root.root_folder())
    return [
        Target(server, root if server == "mysql" else None, tls == "tls")
        for server, tls in itertools.product(options.server, options.tls)
    ]


if __name__ == "__main__":
    sys.exit(main())
