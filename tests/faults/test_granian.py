"""`adaptive` has the same outcomes under granian as under gunicorn."""

import pytest

from tests.faults.conftest import TARGET
from tests.faults.expectations import is_as_expected
from tests.faults.runner import running_cells
from tests.faults.selection import IN_MAKE_TEST

# With the shorter settings of the tests no request fails, under gunicorn either.
SHORTENED = {"no-greeting"}


@pytest.mark.nightly
def test_granian_changes_no_outcome():
    keys = [(fault, "adaptive") for fault in sorted(IN_MAKE_TEST["adaptive"] - SHORTENED)]
    with running_cells(keys, TARGET, quick=True, web_server="granian") as cells:
        measured = [cell.result() for cell in cells.values()]

    assert len(measured) == len(keys)
    assert [cell.describe() for cell in measured if not is_as_expected(cell)] == []
