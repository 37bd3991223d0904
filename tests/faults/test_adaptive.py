"""Guarantees of `adaptive` under each fault, with two preloaded workers of eight threads.

Counts are asserted exactly. Durations depend on the machine, so only bounds that follow from
timeouts are asserted, with a margin of seconds; `make matrix` measures them.
"""

from functools import partial

from app.settings import Settings
from tests.faults.catalog import FAULTS, QUICK_OUTAGE
from tests.faults.scenario import TRAFFIC_CLIENTS
from tests.faults.selection import parametrize_cells
from tests.faults.variants import VARIANTS, WORKERS

AVOIDABLE = [name for name, fault in FAULTS.items() if not fault.unavoidable]
UNREACHABLE = ["connection-refused", "host-unreachable", "name-not-resolved"]
NO_HANDSHAKE = ["no-greeting", "slow-greeting"]
SHORT_OUTAGES = [
    "crash",
    "restart-under-load",
    "host-unreachable-briefly",
    "too-many-connections",
    "too-many-user-connections",
    "failover",
    "offline-mode",
    "handshake-cut",
    "not-a-mysql-server",
    "no-greeting-briefly",
]
LOCKED = ["lock-timeout", "table-locked"]
PATIENCE_SECONDS = QUICK_OUTAGE["DB_OUTAGE_PATIENCE_SECONDS"]
LOCK_TIMEOUT_SECONDS = FAULTS["lock-timeout"].settings["DB_LOCK_TIMEOUT_SECONDS"]
CONNECT_TIMEOUT_SECONDS = Settings.model_fields["db_connect_timeout_seconds"].default
# Margin for a loaded machine.
MARGIN_SECONDS = 2.0

with_faults = partial(parametrize_cells, "adaptive")


@with_faults(AVOIDABLE)
def test_no_request_fails_that_another_client_could_save(cell):
    assert cell.failed == 0, cell.describe()


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


@with_faults(FAULTS)
def test_no_statement_is_abandoned_and_no_other_client_is_affected(cell):
    assert cell.side_effects == {}, cell.describe()


@with_faults(["commit-response-lost"])
def test_the_outcome_of_every_write_is_known(cell):
    assert cell.statuses.keys() == {"201"}, cell.describe()
    # The fault replaced connections.
    assert cell.opened > WORKERS * VARIANTS["adaptive"].threads, cell.describe()


@with_faults(["slow-statement-timeout"])
def test_a_statement_that_takes_too_long_is_not_repeated(cell):
    assert "retried_read" not in cell.counters, cell.describe()


@with_faults(LOCKED)
def test_a_request_waits_for_a_lock_no_longer_than_the_lock_timeout(cell):
    assert cell.worst < LOCK_TIMEOUT_SECONDS + MARGIN_SECONDS, cell.describe()


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


@with_faults(UNREACHABLE)
def test_a_request_waits_for_an_unreachable_server_no_longer_than_the_patience(cell):
    assert cell.worst < PATIENCE_SECONDS + MARGIN_SECONDS, cell.describe()


@with_faults(UNREACHABLE)
def test_after_that_requests_are_rejected_at_once(cell):
    # Each worker process has a circuit breaker of its own.
    assert cell.slow <= WORKERS * TRAFFIC_CLIENTS, cell.describe()
    assert cell.slow < cell.failed, cell.describe()


@with_faults(["password-changed"])
def test_rejected_credentials_are_reported_at_once(cell):
    assert cell.worst < 1 + MARGIN_SECONDS, cell.describe()


@with_faults(NO_HANDSHAKE)
def test_a_server_without_handshake_delays_a_request_by_the_connect_timeout_at_most(cell):
    assert cell.worst < CONNECT_TIMEOUT_SECONDS + 1, cell.describe()


@with_faults([*UNREACHABLE, *NO_HANDSHAKE, *SHORT_OUTAGES, "password-changed", "server-suspended"])
def test_livez_responds_while_the_server_does_not(cell):
    assert cell.livez_worst < MARGIN_SECONDS, cell.describe()


@with_faults(["none"])
def test_steady_use_opens_one_connection_per_thread_and_never_pings(cell):
    assert cell.opened <= WORKERS * VARIANTS["adaptive"].threads, cell.describe()
    assert "pinged" not in cell.counters, cell.describe()
