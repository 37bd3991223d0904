"""Guarantees of `adaptive` that are counted at the server, with no other clients."""

import time

from dev.faults.proxy_behavior import StatementFault
from tests.faults.load import run_concurrently, traffic
from tests.faults.variants import VARIANTS

READS_EACH = 5
STATEMENTS_PER_OPEN = 2  # session settings and CONNECTION_ID()
STATEMENTS_PER_MEASUREMENT = 6  # two connections, each with two settings and one query
CLIENTS = VARIANTS["adaptive"].clients


def test_steady_use_sends_no_ping_and_no_additional_statement(scenario):
    scenario.warm_up()
    before = server_counters(scenario)
    run_concurrently(scenario.client.read, threads=CLIENTS, each=READS_EACH)
    used = {name: after - before[name] for name, after in server_counters(scenario).items()}

    # After the warm-up, a worker may have one connection fewer than threads.
    to_open = used["opened"] * STATEMENTS_PER_OPEN
    assert used["Questions"] == CLIENTS * READS_EACH + to_open + STATEMENTS_PER_MEASUREMENT
    assert used["Com_admin_commands"] == 0


def server_counters(scenario):
    names = ("Com_admin_commands", "Questions")
    counters = {name: scenario.admin.status(name) for name in names}
    return {**counters, "opened": scenario.statistics()["opened"]}


def test_kill_sessions_kills_exactly_the_sessions_of_the_service(scenario):
    scenario.warm_up()
    idle, connected = scenario.statistics()["idle"], len(scenario.client_ports())

    assert scenario.admin.kill_sessions() == idle == connected > 0


def test_a_write_without_a_key_never_has_an_unknown_outcome(scenario_behind_proxy):
    scenario = scenario_behind_proxy
    scenario.warm_up()
    scenario.proxy.behavior.statement_faults = [
        StatementFault(b"COMMIT", "close_before_response", probability=0.3)
    ]
    with traffic(scenario.client, mix=[scenario.client.write]):
        while len(scenario.client.responses) < 60:
            time.sleep(0.05)

    labels = {response.label for response in scenario.client.responses}
    assert labels == {"201"}
    assert str(scenario.discrepancies()) == "correct"
