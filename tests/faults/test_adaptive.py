"""What `adaptive` promises, one fault after another: two preloaded workers of eight threads.

What can be counted is asserted here. Times depend on the machine, so of them only bounds that the
timeouts set, with seconds to spare; `make matrix` measures them.
"""

import pytest

from app.settings import Settings
from tests.faults.table import FAULTS
from tests.faults.variants import VARIANTS, WORKERS

NO_REQUEST_FAILS = [
    "none",
    "idle-timeout",
    "idle-proxy",
    "killed-idle",
    "reset-idle",
    "farewell",
    "restart-idle",
    "forgotten-flow",
    "one-forgotten",
    "forgotten-idle",
    "fork",
    "fork-uwsgi",
    "moved",
    "deadlock",
    "lock-timeout",
    "idle-in-transaction",
    "orphan-lock",
    "frozen",
]
NO_READ_FAILS = [
    *NO_REQUEST_FAILS,
    "reset-on-reuse",
    "reply-lost",
    "reply-cut",
    "reply-swallowed",
    "read-only",
]
SERVER_AWAY = ["refused", "unreachable", "unresolved", "crash", "restart-load", "password"]
SERVER_FULL = ["too-many", "too-many-of-user"]
NO_GREETING = ["deaf", "drip"]
CONNECT_TIMEOUT_SECONDS = Settings.model_fields["db_connect_timeout_seconds"].default
# A machine that does other things, too, may be late by so much.
SPARE_SECONDS = 2.0


def against_adaptive(faults):
    return pytest.mark.parametrize(
        "cell", [(name, "adaptive") for name in faults], indirect=True, ids=list(faults)
    )


@against_adaptive(NO_REQUEST_FAILS)
def test_no_request_fails(cell):
    assert cell.failed == 0, cell.explain()


@against_adaptive(NO_READ_FAILS)
def test_no_read_fails(cell):
    assert cell.failed_reads == 0, cell.explain()


@against_adaptive(FAULTS)
def test_the_database_holds_what_the_clients_were_told(cell):
    assert not any(cell.balance.values()), cell.explain()


@against_adaptive(FAULTS)
def test_no_answer_is_a_500_or_missing_or_says_too_much_or_belongs_to_another(cell):
    assert not {"500 internal", "no answer", "another's answer"} & cell.statuses.keys(), (
        cell.explain()
    )
    assert (cell.says_too_much, cell.anothers, cell.tracebacks) == (0, 0, 0), cell.explain()


@against_adaptive(FAULTS)
def test_every_503_says_when_to_come_again(cell):
    assert cell.without_retry_after == 0, cell.explain()


@against_adaptive([name for name, fault in FAULTS.items() if fault.heals])
def test_no_thread_and_no_place_in_the_pool_is_lost(cell):
    assert cell.after_failed == 0, cell.explain()


@against_adaptive(["commit-cut"])
def test_a_write_is_stored_or_said_to_be_unknown(cell):
    assert cell.statuses.keys() == {"201", "503 outcome-unknown"}, cell.explain()


@against_adaptive(["forgotten-idle"])
def test_a_flow_forgotten_for_long_is_seen_and_costs_no_timeout(cell):
    # The first one that is looked at condemns what was idle for as long.
    assert cell.counters["closed_timed_out"] >= WORKERS, cell.explain()
    assert not {"detected_by_first_use", "detected_by_ping"} & cell.counters.keys(), cell.explain()


@against_adaptive(["forgotten-flow", "one-forgotten"])
def test_a_flow_forgotten_a_moment_ago_costs_three_seconds_at_most(cell):
    assert cell.worst < 3 + SPARE_SECONDS, cell.explain()


@against_adaptive(["one-forgotten"])
def test_one_hung_connection_delays_nobody_else(cell):
    assert cell.late <= 1, cell.explain()


@against_adaptive(["orphan-lock"])
def test_the_session_of_a_unit_that_vanished_is_ended(cell):
    # Without that its lock would be met, for the five seconds that a row is waited for.
    assert cell.counters["orphaned_sessions_killed"] == 1, cell.explain()
    assert cell.worst < 5, cell.explain()


@against_adaptive([*SERVER_AWAY, *SERVER_FULL])
def test_a_server_that_is_away_or_full_is_reported_at_once(cell):
    assert cell.worst < 1 + SPARE_SECONDS, cell.explain()


@against_adaptive(NO_GREETING)
def test_a_server_that_does_not_greet_costs_the_connect_timeout(cell):
    assert cell.worst < CONNECT_TIMEOUT_SECONDS + 1, cell.explain()


@against_adaptive([*SERVER_AWAY, *SERVER_FULL, *NO_GREETING, "frozen"])
def test_livez_answers_while_the_server_does_not(cell):
    assert cell.livez_worst < SPARE_SECONDS, cell.explain()


@against_adaptive(["none"])
def test_steady_use_opens_one_connection_a_thread_and_pings_nobody(cell):
    assert cell.opened <= WORKERS * VARIANTS["adaptive"].threads, cell.explain()
    assert "pinged" not in cell.counters, cell.explain()
