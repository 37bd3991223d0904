"""The control: what `single` does not survive, and the little that it does."""

import pytest

from tests.faults.table import FAULTS

SURVIVES = {
    "none",
    "fork",
    "fork-uwsgi",
    "deadlock",
    "lock-timeout",
    "query-killed",
    "statement-timeout",
    "unresolved",
    "read-only",
    "frozen",
}
BROKEN = [name for name in FAULTS if name not in SURVIVES]


def against_single(faults):
    return pytest.mark.parametrize(
        "cell", [(name, "single") for name in faults], indirect=True, ids=list(faults)
    )


@against_single(BROKEN)
def test_it_stays_broken_until_it_is_restarted(cell):
    assert cell.failed > 0, cell.explain()
    assert cell.after_failed > 0 or any(cell.balance.values()), cell.explain()


@against_single(sorted(SURVIVES - {"unresolved"}))
def test_what_it_survives_is_no_proof_of_anything(cell):
    assert cell.after_failed == 0, cell.explain()


@against_single(FAULTS)
def test_its_failures_say_nothing_of_the_driver(cell):
    assert cell.says_too_much == 0, cell.explain()
