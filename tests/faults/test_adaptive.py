"""Guarantees of `adaptive` under each fault, with two preloaded workers of eight threads.

Counts are asserted exactly. Durations depend on the machine, so only bounds that follow from
timeouts are asserted, with a margin of seconds; `make matrix` measures them.
"""

from functools import partial

from app.settings import Settings
from tests.faults.catalog import FAULTS
from tests.faults.selection import parametrize_cells
from tests.faults.variants import VARIANTS, WORKERS

NO_REQUEST_FAILS = [
    "none",
    "idle-timeout",
    "proxy-idle-timeout",
    "killed-idle",
    "reset-idle",
    "error-4031",
    "restart-idle",
    "silent-drop",
    "silent-drop-one",
    "silent-drop-idle",
    "fork",
    "fork-uwsgi",
    "server-replaced",
    "deadlock",
    "lock-timeout",
    "idle-in-transaction",
    "orphaned-row-lock",
    "server-suspended",
]
NO_READ_FAILS = [
    *NO_REQUEST_FAILS,
    "reset-on-reuse",
    "responses-dropped",
    "read-response-lost",
    "read-response-timeout",
    "read-only",
]
UNAVAILABLE = [
    "connection-refused",
    "host-unreachable",
    "name-not-resolved",
    "crash",
    "restart-under-load",
    "password-changed",
]
FULL = ["too-many-connections", "too-many-user-connections"]
NO_HANDSHAKE = ["no-greeting", "slow-greeting"]
CONNECT_TIMEOUT_SECONDS = Settings.model_fields["db_connect_timeout_seconds"].default
# Margin for a loaded machine.
MARGIN_SECONDS = 2.0

with_faults = partial(parametrize_cells, "adaptive")


@with_faults(NO_REQUEST_FAILS)
def test_no_request_fails(cell):
    assert cell.failed == 0, cell.describe()


@with_faults(NO_READ_FAILS)
def test_no_read_fails(cell):
    assert cell.failed_reads == 0, cell.describe()


@with_faults(FAULTS)
def test_the_database_holds_what_the_clients_were_told(cell):
    assert not any(cell.discrepancies.values()), cell.describe()


@with_faults(FAULTS)
def test_no_response_is_a_500_missing_wrong_or_leaks_internal_details(cell):
    unexpected = {"500 internal", "no response", "wrong response"}

    assert not unexpected & cell.statuses.keys(), cell.describe()
    assert (cell.leaked_details, cell.wrong_responses, cell.tracebacks) == (0, 0, 0), (
        cell.describe()
    )


@with_faults(FAULTS)
def test_every_503_has_a_retry_after_header(cell):
    assert cell.missing_retry_after == 0, cell.describe()


@with_faults([name for name, fault in FAULTS.items() if fault.recovers])
def test_all_threads_and_pool_slots_work_after_recovery(cell):
    assert cell.failed_after_recovery == 0, cell.describe()


@with_faults(["commit-response-lost"])
def test_a_write_is_either_stored_or_reported_as_unknown(cell):
    assert cell.statuses.keys() == {"201", "503 outcome-unknown"}, cell.describe()


@with_faults(["silent-drop-idle"])
def test_dropped_idle_connections_are_detected_without_a_timeout(cell):
    # The first detected disconnect invalidates all connections idle for as long.
    assert cell.counters["closed_timed_out"] >= WORKERS, cell.describe()
    assert not {"detected_by_first_use", "detected_by_ping"} & cell.counters.keys(), cell.describe()


@with_faults(["silent-drop", "silent-drop-one"])
def test_a_recently_dropped_connection_delays_a_request_by_three_seconds_at_most(cell):
    assert cell.worst < 3 + MARGIN_SECONDS, cell.describe()


@with_faults(["silent-drop-one"])
def test_one_dropped_connection_delays_one_request_at_most(cell):
    assert cell.slow <= 1, cell.describe()


@with_faults(["orphaned-row-lock"])
def test_the_orphaned_session_of_a_lost_transaction_is_killed(cell):
    # Otherwise the retry would wait for its row lock until innodb_lock_wait_timeout, 5 s.
    assert cell.counters["orphaned_sessions_killed"] == 1, cell.describe()
    assert cell.worst < 5, cell.describe()


@with_faults([*UNAVAILABLE, *FULL])
def test_an_unavailable_or_full_server_is_reported_at_once(cell):
    assert cell.worst < 1 + MARGIN_SECONDS, cell.describe()


@with_faults(NO_HANDSHAKE)
def test_a_server_without_handshake_delays_a_request_by_the_connect_timeout_at_most(cell):
    assert cell.worst < CONNECT_TIMEOUT_SECONDS + 1, cell.describe()


@with_faults([*UNAVAILABLE, *FULL, *NO_HANDSHAKE, "server-suspended"])
def test_livez_responds_while_the_server_does_not(cell):
    assert cell.livez_worst < MARGIN_SECONDS, cell.describe()


@with_faults(["none"])
def test_steady_use_opens_one_connection_per_thread_and_never_pings(cell):
    assert cell.opened <= WORKERS * VARIANTS["adaptive"].threads, cell.describe()
    assert "pinged" not in cell.counters, cell.describe()
