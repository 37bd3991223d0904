"""Expected outcome of each cell, from `expected_outcomes.toml`."""

import tomllib
from pathlib import Path
from typing import Any

from tests.faults.cell import Cell
from tests.faults.variants import VARIANTS

FILE = Path(__file__).with_name("expected_outcomes.toml")
OTHERS, BARE = "others", "bare"
OVERRIDES = ("mysql", "TLS")  # where outcomes may differ from MariaDB without TLS
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads(FILE.read_text())


def expected_outcomes(fault: str, variant: str, target: str) -> list[str]:
    """Return the allowed outcomes of this cell on a target such as "mysql, TLS"."""
    row = dict(EXPECTED[fault])
    for part in target.split(", "):
        row |= EXPECTED[fault].get(part, {})
    default = BARE if VARIANTS[variant].strategy is None else OTHERS
    outcomes: str = row.get(variant, row[default])
    return outcomes.split(" or ")


def is_as_expected(cell: Cell) -> bool:
    """Return whether the outcome of the cell is one of those expected."""
    return cell.outcome in expected_outcomes(cell.fault, cell.variant, cell.target)
