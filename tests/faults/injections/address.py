"""Faults of the server's address: another server, another program, or an incomplete handshake."""

import time

from dev.faults.proxy_behavior import AcceptMode, StatementFault
from dev.keep import free_port
from tests.faults import ledger
from tests.faults.scenario import Scenario

FAILOVER_SECONDS = 4
ER_UNKNOWN_COM_ERROR = 1047  # as Galera uses it
ER_SERVER_OFFLINE_MODE = 3032


def failover(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.7)
        ends_at = time.monotonic() + FAILOVER_SECONDS
        scenario.firewall.reject_new_connections(scenario.port)
        scenario.server.kill()
        scenario.server.port = scenario.proxy.behavior.server_port = free_port()
        scenario.server.start()
        time.sleep(max(0.0, ends_at - time.monotonic()))
        scenario.firewall.clear()
        scenario.mark_recovered()
        time.sleep(1.5)


def switchover(scenario: Scenario) -> None:
    replacement = scenario.environment.second_server
    ledger.create(replacement, scenario.environment.url)
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.7)
        with scenario.admin.variables(read_only=1):  # waits for commits in progress
            time.sleep(0.2)  # until their responses have arrived
            scenario.proxy.behavior.server_port = replacement.port
            scenario.proxy.reset_connections()
        scenario.mark_recovered()
        time.sleep(1.5)


def handshake_cut(scenario: Scenario) -> None:
    _connections_fail(scenario, "handshake_cut", seconds=2)


def not_a_mysql_server(scenario: Scenario) -> None:
    _connections_fail(scenario, "other_protocol", seconds=2)


def no_greeting_briefly(scenario: Scenario) -> None:
    _connections_fail(scenario, "no_greeting", seconds=2)


def no_greeting(scenario: Scenario) -> None:
    _connections_fail(scenario, "no_greeting", seconds=scenario.patience_seconds + 2)


def slow_greeting(scenario: Scenario) -> None:
    _connections_fail(scenario, "slow_greeting", seconds=scenario.patience_seconds + 2)


def node_not_ready(scenario: Scenario) -> None:
    text = "WSREP has not yet prepared node for application use"
    fault = StatementFault(
        b"", "error", error=(ER_UNKNOWN_COM_ERROR, text), except_for=(b"SET", b"SHOW")
    )
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.5)
        scenario.proxy.behavior.statement_faults = [fault]
        time.sleep(2)
        scenario.proxy.behavior.statement_faults = []
        scenario.mark_recovered()
        time.sleep(1.5)


def offline_mode(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.5)
        if scenario.environment.target.flavor == "mysql":
            with scenario.admin.variables(offline_mode=1):
                time.sleep(2)
        else:
            _reject_as_offline(scenario, seconds=2)
        scenario.mark_recovered()
        time.sleep(1.5)


def _reject_as_offline(scenario: Scenario, *, seconds: float) -> None:
    """Answer each statement and login as MySQL does in offline mode; MariaDB has no such mode."""
    behavior = scenario.proxy.behavior
    error = (ER_SERVER_OFFLINE_MODE, "The server is currently in offline mode")
    behavior.login_error, behavior.accept_mode = error, "reject_login"
    behavior.statement_faults = [StatementFault(b"", "error_and_close", error=error)]
    time.sleep(seconds)
    behavior.accept_mode, behavior.statement_faults = "normal", []


def _connections_fail(scenario: Scenario, mode: AcceptMode, *, seconds: float) -> None:
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.5)
        scenario.proxy.behavior.accept_mode = mode
        scenario.proxy.reset_connections()
        time.sleep(seconds)
        scenario.proxy.behavior.accept_mode = "normal"
        scenario.mark_recovered()
        time.sleep(1.5)
