"""The control: what `single` does not survive, and the little that it does."""

import pytest

from tests.faults.expected import expected_of
from tests.faults.table import FAULTS


def against_single(faults):
    return pytest.mark.parametrize(
        "cell", [(name, "single") for name in faults], indirect=True, ids=list(faults)
    )


@against_single(FAULTS)
def test_the_cell_is_as_the_table_says(cell):
    assert cell.grade in expected_of(cell.fault, cell.variant), cell


@against_single(["idle-timeout", "idle-proxy", "killed-idle", "reset-idle", "restart-idle"])
def test_it_stays_broken_until_it_is_restarted(cell):
    assert cell.failed == cell.requests, cell
    assert cell.after_failed > 0, cell


@against_single(FAULTS)
def test_its_failures_are_503_and_say_nothing_of_the_driver(cell):
    assert cell.says_too_much == 0, cell
