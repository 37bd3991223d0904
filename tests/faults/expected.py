"""What `expected.toml` says of a cell."""

import tomllib
from pathlib import Path
from typing import Any

from tests.faults.cell import Cell
from tests.faults.variants import VARIANTS

FILE = Path(__file__).with_name("expected.toml")
OTHERS, BARE = "others", "bare"
PLACES = ("mysql", "TLS")  # where it may come out otherwise than on MariaDB in the clear
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads(FILE.read_text())


def expected_of(fault: str, variant: str, place: str) -> list[str]:
    """List the grades that this cell may have at a place such as "mysql, TLS"."""
    row = dict(EXPECTED[fault])
    for part in place.split(", "):
        row |= EXPECTED[fault].get(part, {})
    others = BARE if VARIANTS[variant].strategy is None else OTHERS
    grades: str = row.get(variant, row[others])
    return grades.split(" or ")


def is_as_expected(cell: Cell) -> bool:
    """Whether the cell came out as the file says."""
    return cell.grade in expected_of(cell.fault, cell.variant, cell.position)
