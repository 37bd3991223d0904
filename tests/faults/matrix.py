"""`make matrix`: every fault against every strategy, and the documents that show it.

    python -m tests.faults.matrix          # all, on MariaDB and on MySQL, plain and with TLS
    python -m tests.faults.matrix --server mariadb --tls plain --fault crash,deaf

Figures are added to docs/fault-matrix.json cell by cell, so that an interrupted or a partial run
loses nothing; docs/fault-matrix.md and .svg are drawn from it. Exits with 1 where a cell came out
otherwise than `expected.toml` says.
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from dev import mysql_root
from dev.system_packages import Stop, say
from tests.faults import report
from tests.faults.cell import Cell
from tests.faults.expected import expected_of, is_as_expected
from tests.faults.lane import Place
from tests.faults.lanes import LANES, running
from tests.faults.table import FAULTS
from tests.faults.variants import VARIANTS
from tests.support.service import PROJECT

FIGURES = PROJECT / "docs" / "fault-matrix.json"


class Figures:
    """All cells measured so far, kept in a file; the newest of each place, fault and variant."""

    def __init__(self, file: Path = FIGURES) -> None:
        self._file = file
        self._lock = Lock()
        found = json.loads(file.read_text()) if file.exists() else []
        self.cells = {_key(cell): cell for cell in map(Cell.from_dict, found)}

    def add(self, cell: Cell) -> None:
        """Keep a cell, and write the file."""
        with self._lock:
            self.cells[_key(cell)] = cell
            # Only what is still in the tables, in their order.
            kept = [self.cells[key] for key in sorted(self.cells, key=_order) if _is_known(key)]
            lines = ",\n".join(json.dumps(cell.as_dict(), sort_keys=True) for cell in kept)
            self._file.write_text(f"[\n{lines}\n]\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if a cell is not as expected."""
    options = _parse(arguments)
    figures = Figures()
    wrong: list[str] = []
    try:
        for place in _places(options):
            wrong += run(place, options, figures)
    except Stop as stop:
        say(f"matrix: {stop}")
        return 1
    finally:
        report.write(list(figures.cells.values()))
    for line in wrong:
        say(line)
    return 1 if wrong else 0


def run(place: Place, options: argparse.Namespace, figures: Figures) -> list[str]:
    """Run all cells of one place; returns a line for each that is not as expected."""
    keys = list(itertools.product(options.fault, options.strategy))
    started, finished = time.monotonic(), itertools.count(1)

    def done(cell: Cell) -> None:
        figures.add(cell)
        minutes = (time.monotonic() - started) / 60
        mark = "" if is_as_expected(cell) else "  <-- not as expected"
        say(f"[{next(finished)}/{len(keys)}, {minutes:.1f} min] {cell}{mark}")

    wrong: list[str] = []
    with running(keys, place, lanes=options.lanes, quick=options.quick, done=done) as cells:
        for (fault, variant), one in cells.items():
            if error := one.exception():
                wrong.append(f"NOT MEASURED: {fault} x {variant} on {place.name}: {error!r}")
            elif not is_as_expected(cell := one.result()):
                grades = " or ".join(expected_of(fault, variant))
                wrong.append(f"NOT AS EXPECTED ({grades}): {cell}")
    return wrong


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
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
    parser.add_argument("--quick", action="store_true", help="hurry, as the tests do")
    return parser.parse_args(arguments)


def _places(options: argparse.Namespace) -> list[Place]:
    root = None
    if "mysql" in options.server:
        root = str(mysql_root.place())
        mysql_root.ensure(mysql_root.place())
    return [
        Place(server, root if server == "mysql" else None, tls == "tls")
        for server, tls in itertools.product(options.server, options.tls)
    ]


def _key(cell: Cell) -> tuple[str, str, str]:
    return cell.place, cell.fault, cell.variant


def _is_known(key: tuple[str, str, str]) -> bool:
    return key[1] in FAULTS and key[2] in VARIANTS


def _order(key: tuple[str, str, str]) -> tuple[str, int, int]:
    place, fault, variant = key
    faults, variants = list(FAULTS), list(VARIANTS)
    return (
        place,
        faults.index(fault) if fault in FAULTS else -1,
        variants.index(variant) if variant in VARIANTS else -1,
    )


if __name__ == "__main__":
    sys.exit(main())
