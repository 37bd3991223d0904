"""What `adaptive` promises, one fault after another: two preloaded workers of eight threads."""

import pytest

from tests.faults.expected import expected_of
from tests.faults.table import FAULTS

NO_REQUEST_FAILS = [
    "none",
    "idle-timeout",
    "idle-proxy",
    "killed-idle",
    "reset-idle",
    "farewell",
    "restart-idle",
    "forgotten-flow",
    "forgotten-idle",
    "fork",
    "moved",
    "deadlock",
    "lock-timeout",
    "idle-in-transaction",
    "frozen",
]
NO_READ_FAILS = [*NO_REQUEST_FAILS, "reset-on-reuse", "reply-lost", "commit-cut", "read-only"]
# Whoever asks a server that is away is told so at once.
FAILS_FAST = [
    "refused",
    "unreachable",
    "unresolved",
    "too-many",
    "too-many-of-user",
    "restart-load",
]
SERVER_AWAY = [*FAILS_FAST, "crash", "deaf", "drip", "password"]
COMES_BACK = [name for name in SERVER_AWAY if name not in {"unresolved", "password"}]
CONNECT_TIMEOUT_SECONDS = 3


def against_adaptive(faults):
    return pytest.mark.parametrize(
        "cell", [(name, "adaptive") for name in faults], indirect=True, ids=list(faults)
    )


@against_adaptive(NO_REQUEST_FAILS)
def test_no_request_fails(cell):
    assert cell.failed == 0, cell


@against_adaptive(NO_READ_FAILS)
def test_no_read_fails(cell):
    assert cell.failed_reads == 0, cell


@against_adaptive(FAULTS)
def test_the_database_holds_what_the_clients_were_told(cell):
    assert not any(cell.balance.values()), cell


@against_adaptive(FAULTS)
def test_no_answer_is_a_500_or_missing_or_says_too_much_or_belongs_to_another(cell):
    assert not {"500 internal", "no answer", "another's answer"} & cell.statuses.keys(), cell
    assert (cell.says_too_much, cell.anothers, cell.tracebacks) == (0, 0, 0), cell


@against_adaptive(FAULTS)
def test_every_503_says_when_to_come_again(cell):
    assert cell.without_retry_after == 0, cell


@against_adaptive([name for name, fault in FAULTS.items() if fault.heals])
def test_no_thread_and_no_place_in_the_pool_is_lost(cell):
    assert cell.after_failed == 0, cell


@against_adaptive(["forgotten-flow"])
def test_a_flow_forgotten_a_moment_ago_costs_three_seconds_at_most(cell):
    assert cell.worst < 3, cell


@against_adaptive(["forgotten-idle"])
def test_a_flow_forgotten_for_long_costs_nothing_visible(cell):
    # All sixteen threads connect anew at once here; `test_alone` times a single one.
    assert cell.worst < 0.5, cell


@against_adaptive(FAILS_FAST)
def test_a_server_that_is_away_is_reported_at_once(cell):
    assert cell.worst < 1, cell


@against_adaptive(["deaf", "drip"])
def test_a_server_that_does_not_greet_costs_the_connect_timeout(cell):
    assert cell.worst < CONNECT_TIMEOUT_SECONDS + 1, cell


@against_adaptive(["orphan-lock"])
def test_the_lock_of_a_unit_that_vanished_is_gone_within_a_second(cell):
    pause, until_noticed = 0.6, 2.4  # TCP_USER_TIMEOUT is 2 s

    assert cell.failed == 0, cell
    assert cell.worst < pause + until_noticed + 1, cell


@against_adaptive(SERVER_AWAY)
def test_livez_answers_while_the_server_is_away(cell):
    assert cell.livez_worst < 1, cell


@against_adaptive(COMES_BACK)
def test_the_first_request_succeeds_within_a_second_of_the_server_s_return(cell):
    assert cell.recovery is not None, cell
    assert cell.recovery < 1, cell


@against_adaptive(FAULTS)
def test_the_cell_is_as_the_table_says(cell):
    assert cell.grade in expected_of(cell.fault, cell.variant), cell
