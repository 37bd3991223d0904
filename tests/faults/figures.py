"""docs/fault-matrix.json: all cells measured so far, and which run measured each."""

import fcntl
import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from tests.faults.cell import Cell
from tests.faults.table import FAULTS
from tests.faults.variants import VARIANTS
from tests.support.service import PROJECT

FILE = PROJECT / "docs" / "fault-matrix.json"

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """One command, and when it began."""

    began: str
    command: str

    @property
    def day(self) -> str:
        """The date alone."""
        return self.began.partition(" ")[0]

    @classmethod
    def now(cls, arguments: Sequence[str]) -> Self:
        """Begin with these arguments."""
        command = shlex.join(["python", "-m", "tests.faults.matrix", *arguments])
        return cls(datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"), command)


class Figures:
    """The newest cell of each place, fault and variant.

    Each cell is added to what the file holds at that moment, so that a run of a part, one that is
    interrupted, and several at once lose nothing.
    """

    def __init__(self, file: Path = FILE) -> None:
        self._file = file

    def add(self, cell: Cell, run: Run) -> None:
        """Keep a cell in place of an older one."""
        with self._alone():
            cells, runs = self._read()
            cells[_key(cell)] = replace(cell, run=run.began)
            self._write(cells, {**runs, run.began: run})

    def cells(self) -> list[Cell]:
        """All that are still in the tables, in their order."""
        cells, _ = self._read()
        return [cells[key] for key in sorted(cells, key=_order)]

    def runs(self) -> dict[str, Run]:
        """Those of which a cell is left, by when they began."""
        return self._read()[1]

    def _read(self) -> tuple[dict[Key, Cell], dict[str, Run]]:
        found: dict[str, list[dict[str, Any]]] = {"cells": [], "runs": []}
        if self._file.exists():
            found = json.loads(self._file.read_text())
        cells = {_key(cell): cell for cell in map(Cell.from_dict, found["cells"])}
        runs = {run["began"]: Run(**run) for run in found["runs"]}
        return {key: cell for key, cell in cells.items() if _is_known(key)}, runs

    def _write(self, cells: dict[Key, Cell], runs: dict[str, Run]) -> None:
        kept = [cells[key] for key in sorted(cells, key=_order)]
        in_use = {cell.run for cell in kept}
        text = (
            f'{{"runs": [\n{_lines(asdict(runs[began]) for began in sorted(in_use))}\n],\n'
            f'"cells": [\n{_lines(cell.as_dict() for cell in kept)}\n]}}\n'
        )
        new = self._file.with_suffix(".new")
        new.write_text(text)
        new.replace(self._file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # The folder, since the file itself is replaced.
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _lines(rows: Iterator[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(row, sort_keys=True) for row in rows)


def _key(cell: Cell) -> Key:
    return cell.place, cell.fault, cell.variant


def _is_known(key: Key) -> bool:
    return key[1] in FAULTS and key[2] in VARIANTS


def _order(key: Key) -> tuple[str, int, int]:
    place, fault, variant = key
    return place, list(FAULTS).index(fault), list(VARIANTS).index(variant)
