"""Control measurement: the faults that break `single`, and those that it survives."""

from functools import partial

from tests.faults.catalog import FAULTS
from tests.faults.selection import parametrize_cells

SURVIVED = [
    "none",
    "fork",
    "fork-uwsgi",
    "deadlock",
    "snapshot-conflict",
    "lock-wait",
    "lock-timeout",
    "table-locked",
    "query-killed",
    "statement-timeout",
    "name-not-resolved",
    "read-only",
    "server-suspended",
    "node-not-ready",
]
with_faults = partial(parametrize_cells, "single")


@with_faults(fault for fault in FAULTS if fault not in SURVIVED)
def test_it_fails_until_the_service_is_restarted(cell):
    assert cell.failed > 0, cell.describe()
    assert cell.failed_after_recovery > 0 or any(cell.discrepancies.values()), cell.describe()


@with_faults(fault for fault in SURVIVED if FAULTS[fault].recovers)
def test_it_recovers_from_faults_that_leave_the_connection_usable(cell):
    assert cell.failed_after_recovery == 0, cell.describe()


@with_faults(FAULTS)
def test_its_error_responses_leak_no_internal_details(cell):
    assert cell.leaked_details == 0, cell.describe()
