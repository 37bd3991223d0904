"""Faults on idle connections: all threads connect, the fault occurs, all threads send requests."""

import time

from dev.faults.packets import IDLE_TIMEOUT_ERROR_PACKET
from tests.faults import ledger
from tests.faults.scenario import Scenario

KEEPALIVE_PROBES = 3  # as set by app.db.transport


def none(scenario: Scenario) -> None:
    """Send steady traffic without a fault."""
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(2)


def idle_timeout(scenario: Scenario) -> None:
    with scenario.admin.variables(wait_timeout=2):
        scenario.warm_up()
        time.sleep(5)
        scenario.burst()


def proxy_idle_timeout(scenario: Scenario) -> None:
    scenario.warm_up()
    time.sleep(4)
    scenario.burst()


def killed_idle(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.admin.kill_sessions()
    scenario.wait_for_disconnects()
    scenario.burst()


def reset_idle(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.proxy.reset_connections()
    scenario.wait_for_disconnects()
    scenario.burst()


def error_4031(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.proxy.send_and_close(IDLE_TIMEOUT_ERROR_PACKET)
    scenario.wait_for_disconnects()
    scenario.burst()


def restart_idle(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.server.restart()
    scenario.burst()


def silent_drop(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.firewall.drop(scenario.client_ports(), scenario.port)
    time.sleep(1)
    scenario.burst()


def silent_drop_one(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.firewall.drop(scenario.client_ports()[:1], scenario.port)
    # As many clients as connections, each holding one briefly, so that the dropped one is used.
    with scenario.traffic(
        lambda: scenario.client.read(sleep=0.05), clients=scenario.variant.clients
    ):
        time.sleep(3.5)


def silent_drop_idle(scenario: Scenario) -> None:
    keepalive = int(str(scenario.settings.get("DB_KEEPALIVE_SECONDS", 30)))
    scenario.warm_up()
    scenario.firewall.drop(scenario.client_ports(), scenario.port)
    time.sleep(keepalive + KEEPALIVE_PROBES * max(1, keepalive // KEEPALIVE_PROBES) + 1.5)
    scenario.burst()


def reset_on_reuse(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.firewall.reset_on_next_packet(scenario.client_ports(), scenario.port)
    time.sleep(0.2)
    scenario.burst()


def responses_dropped(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.firewall.drop_responses(scenario.client_ports(), scenario.port)
    scenario.burst()


def fork(scenario: Scenario) -> None:
    scenario.burst()
    scenario.burst()


def server_replaced(scenario: Scenario) -> None:
    replacement = scenario.environment.second_server
    ledger.create(replacement, scenario.environment.url)
    scenario.warm_up()
    scenario.proxy.behavior.server_port = replacement.port
    scenario.proxy.reset_connections()
    scenario.wait_for_disconnects()
    scenario.burst()
