"""Faults while a statement runs, or between two statements of a transaction."""

import time

from dev.faults.proxy_behavior import StatementFault
from tests.faults.scenario import Scenario


def silent_drop_mid_query(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.concurrent_requests(*[lambda: scenario.client.read(sleep=1.5)] * 4):
        time.sleep(0.7)
        scenario.firewall.drop(scenario.client_ports(), scenario.port)


def read_response_lost(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.proxy.behavior.statement_faults = [
        StatementFault(b"AS nonce", "close_before_response", times=10, skip_after_each=20)
    ]
    with scenario.traffic(scenario.client.read):
        time.sleep(2)
    scenario.proxy.behavior.statement_faults = []


def read_response_timeout(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.proxy.behavior.statement_faults = [
        StatementFault(b"AS nonce", "no_response", times=2, skip_after_each=20)
    ]
    with scenario.traffic(scenario.client.read):
        time.sleep(1.5)
    scenario.proxy.behavior.statement_faults = []


def delayed_write(scenario: Scenario) -> None:
    scenario.warm_up()
    hold = scenario.hold()
    with scenario.concurrent_requests(*[lambda: scenario.client.write(hold=hold)] * 4):
        scenario.wait_for_transactions(4)
        scenario.firewall.drop(scenario.client_ports(), scenario.port)
        hold.unlink()
        time.sleep(2)  # the INSERT times out after 1 s
        scenario.firewall.clear()
    time.sleep(15)  # longer than the interval between TCP retransmissions at that point


def orphaned_row_lock(scenario: Scenario) -> None:
    with scenario.admin.variables(innodb_lock_wait_timeout=5):
        scenario.warm_up()
        hold = scenario.hold()
        with scenario.concurrent_requests(lambda: scenario.client.write(rows=[1, 2], hold=hold)):
            scenario.wait_for_transactions(1)
            scenario.firewall.drop(scenario.client_ports(), scenario.port)
            hold.unlink()


def killed_in_transaction(scenario: Scenario) -> None:
    scenario.warm_up()
    client = scenario.client
    with scenario.traffic(
        lambda: client.write(pause=0.1), lambda: client.write_with_key(pause=0.1)
    ):
        for _ in range(6):
            time.sleep(0.4)
            scenario.admin.kill_sessions()


def commit_response_lost(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.proxy.behavior.statement_faults = [
        StatementFault(b"COMMIT", "close_before_response", probability=0.2)
    ]
    with scenario.traffic(scenario.client.write, scenario.client.write_with_key):
        time.sleep(2.5)
    scenario.proxy.behavior.statement_faults = []


def query_killed(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.concurrent_requests(
        *[lambda: scenario.client.read(sleep=2)] * min(4, scenario.variant.clients)
    ):
        time.sleep(0.7)
        scenario.admin.kill_sessions(query_only=True)


def statement_timeout(scenario: Scenario) -> None:
    if scenario.environment.target.flavor == "mariadb":
        limit: dict[str, object] = {"max_statement_time": 0.5}
    else:
        limit = {"max_execution_time": 500}
    with scenario.admin.variables(**limit):
        scenario.warm_up()
        with scenario.concurrent_requests(
            *[lambda: scenario.client.read(sleep=2)] * min(4, scenario.variant.clients)
        ):
            pass


def idle_in_transaction(scenario: Scenario) -> None:
    # MySQL has no such variable, but applies wait_timeout inside a transaction, too.
    on_mariadb = scenario.environment.target.flavor == "mariadb"
    limit = "idle_transaction_timeout" if on_mariadb else "wait_timeout"
    with scenario.admin.variables(**{limit: 1}):
        scenario.warm_up()
        with scenario.concurrent_requests(*[lambda: scenario.client.write(pause=2.2)] * 4):
            pass


def packet_too_large(scenario: Scenario) -> None:
    with scenario.admin.variables(max_allowed_packet=65536):
        scenario.warm_up()
        with scenario.traffic(scenario.client.read, lambda: scenario.client.write(size=100_000)):
            time.sleep(1.5)
