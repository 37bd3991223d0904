"""Storage of measured cells in docs/fault-matrix.json, with the command that measured each."""

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

from tests.faults.catalog import FAULTS
from tests.faults.cell import Cell
from tests.faults.variants import VARIANTS
from tests.support.service import PROJECT

FILE = PROJECT / "docs" / "fault-matrix.json"

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """One command and its start time."""

    started: str
    command: str

    @property
    def day(self) -> str:
        """The date of the start time."""
        return self.started.partition(" ")[0]

    @classmethod
    def now(cls, arguments: Sequence[str]) -> Self:
        """Return a run with these arguments that starts now."""
        command = shlex.join(["python", "-m", "tests.faults.matrix", *arguments])
        return cls(datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"), command)


class ResultStore:
    """The latest cell for each target, fault and variant.

    Each cell is merged into the file under a lock, so partial, interrupted and concurrent runs do
    not lose results.
    """

    def __init__(self, file: Path = FILE) -> None:
        self._file = file

    def add(self, cell: Cell, run: Run) -> None:
        """Store a cell, replacing an older measurement."""
        with self._locked():
            cells, runs = self._read()
            cells[_key(cell)] = replace(cell, run=run.started)
            self._write(cells, {**runs, run.started: run})

    def cells(self) -> list[Cell]:
        """Return all cells whose fault and variant still exist, in the order of the matrix."""
        cells, _ = self._read()
        return [cells[key] for key in sorted(cells, key=_order)]

    def runs(self) -> dict[str, Run]:
        """Return the runs of the stored cells by start time."""
        return self._read()[1]

    def _read(self) -> tuple[dict[Key, Cell], dict[str, Run]]:
        found: dict[str, list[dict[str, Any]]] = {"cells": [], "runs": []}
        if self._file.exists():
            found = json.loads(self._file.read_text())
        cells = {_key(cell): cell for cell in map(Cell.from_dict, found["cells"])}
        runs = {run["started"]: Run(**run) for run in found["runs"]}
        return {key: cell for key, cell in cells.items() if _is_known(key)}, runs

    def _write(self, cells: dict[Key, Cell], runs: dict[str, Run]) -> None:
        kept = [cells[key] for key in sorted(cells, key=_order)]
        in_use = {cell.run for cell in kept}
        text = (
            f'{{"runs": [\n{_lines(asdict(runs[started]) for started in sorted(in_use))}\n],\n'
            f'"cells": [\n{_lines(cell.as_dict() for cell in kept)}\n]}}\n'
        )
        new = self._file.with_suffix(".new")
        new.write_text(text)
        new.replace(self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Lock the directory, because the file itself is replaced.
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _lines(rows: Iterator[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(row, sort_keys=True) for row in rows)


def _key(cell: Cell) -> Key:
    return cell.target, cell.fault, cell.variant


def _is_known(key: Key) -> bool:
    return key[1] in FAULTS and key[2] in VARIANTS


def _order(key: Key) -> tuple[str, int, int]:
    target, fault, variant = key
    return target, list(FAULTS).index(fault), list(VARIANTS).index(variant)
