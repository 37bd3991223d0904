"""What `expected.toml` says of a cell."""

import tomllib
from pathlib import Path

from tests.faults.cell import Cell
from tests.faults.variants import VARIANTS

FILE = Path(__file__).with_name("expected.toml")
OTHERS, BARE = "others", "bare"
EXPECTED: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text())


def expected_of(fault: str, variant: str) -> list[str]:
    """List the grades that this cell may have."""
    row = EXPECTED[fault]
    others = BARE if VARIANTS[variant].strategy is None else OTHERS
    return row.get(variant, row[others]).split(" or ")


def is_as_expected(cell: Cell) -> bool:
    """Whether the cell came out as the file says."""
    return cell.grade in expected_of(cell.fault, cell.variant)
