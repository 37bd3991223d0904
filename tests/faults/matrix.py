"""`make matrix`: every fault against every strategy, and the documents that show it.

    python -m tests.faults.matrix          # all, on MariaDB and on MySQL, plain and with TLS
    python -m tests.faults.matrix --server mariadb --tls plain --fault crash,deaf
    python -m tests.faults.matrix --draw    # nothing; compares and draws what was measured

Figures are added to docs/fault-matrix.json cell by cell, each with its run; docs/fault-matrix.md
and .svg are drawn from it. Exits with 1 where a cell came out otherwise than `expected.toml` says.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Sequence

from dev import mysql_root
from dev.system_packages import Stop, say
from tests.faults import report
from tests.faults.cell import Cell
from tests.faults.expected import expected_of, is_as_expected
from tests.faults.figures import Figures, Run
from tests.faults.lane import Place
from tests.faults.lanes import LANES, running
from tests.faults.table import FAULTS
from tests.faults.variants import VARIANTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if a cell is not as expected."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parse(given)
    figures, this = Figures(), Run.now(given)
    wrong: list[str] = []
    try:
        if options.draw:
            wrong = [_as_wrong(cell) for cell in figures.cells() if not is_as_expected(cell)]
        else:
            for place in _places(options):
                wrong += run(place, options, lambda cell: figures.add(cell, this))
    except Stop as stop:
        say(f"matrix: {stop}")
        return 1
    finally:
        report.write(figures.cells(), figures.runs())
    for line in wrong:
        say(line)
    return 1 if wrong else 0


def run(place: Place, options: argparse.Namespace, keep: Callable[[Cell], None]) -> list[str]:
    """Run all cells of one place; returns a line for each that is not as expected."""
    keys = list(itertools.product(options.fault, options.strategy))
    started, finished = time.monotonic(), itertools.count(1)

    def done(cell: Cell) -> None:
        keep(cell)
        minutes = (time.monotonic() - started) / 60
        mark = "" if is_as_expected(cell) else "  <-- not as expected"
        say(f"[{next(finished)}/{len(keys)}, {minutes:.1f} min] {cell}{mark}")

    wrong: list[str] = []
    with running(keys, place, lanes=options.lanes, quick=options.quick, done=done) as cells:
        for (fault, variant), one in cells.items():
            if error := one.exception():
                wrong.append(f"NOT MEASURED: {fault} x {variant} on {place.name}: {error!r}")
            elif not is_as_expected(cell := one.result()):
                wrong.append(_as_wrong(cell))
    return wrong


def _as_wrong(cell: Cell) -> str:
    grades = " or ".join(expected_of(cell.fault, cell.variant, cell.position))
    return f"NOT AS EXPECTED ({grades}): {cell}"


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make matrix", description=__doc__.partition("\n")[0])

    def choice(name: str, all_of: Sequence[str], meaning: str) -> None:
        def listed(text: str) -> list[str]:
            chosen = text.split(",")
            if unknown := set(chosen) - set(all_of):
                raise argparse.ArgumentTypeError(
                    f"{', '.join(sorted(unknown))}: use some of {', '.join(all_of)}"
                )
            return chosen

        parser.add_argument(name, type=listed, default=list(all_of), help=meaning, metavar="A,B")

    choice("--fault", list(FAULTS), "only these rows")
    choice("--strategy", list(VARIANTS), "only these columns")
    choice("--server", ["mariadb", "mysql"], "only on these")
    choice("--tls", ["plain", "tls"], "only so")
    parser.add_argument("--lanes", type=int, default=LANES, help="servers side by side")
    parser.add_argument("--draw", action="store_true", help="run nothing, compare and draw")
    parser.add_argument("--quick", action="store_true", help="hurry, as the tests do")
    return parser.parse_args(arguments)


def _places(options: argparse.Namespace) -> list[Place]:
    root = None
    if "mysql" in options.server:
        root = str(mysql_root.root_folder())
        mysql_root.ensure(mysql_root.root_folder())
    return [
        Place(server, root if server == "mysql" else None, tls == "tls")
        for server, tls in itertools.product(options.server, options.tls)
    ]


if __name__ == "__main__":
    sys.exit(main())
