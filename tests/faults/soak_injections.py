"""Fault injections of the soak test: each injects one fault and removes it within a few seconds."""

import time
from collections.abc import Callable

from dev.faults.packets import IDLE_TIMEOUT_ERROR_PACKET
from dev.faults.proxy_behavior import AcceptMode, StatementFault
from tests.faults.scenario import Scenario

Injection = Callable[[Scenario], object]


def _statement_fault(fault: StatementFault) -> Injection:
    def inject(scenario: Scenario) -> None:
        scenario.proxy.behavior.statement_faults = [fault]
        time.sleep(1)
        scenario.proxy.behavior.statement_faults = []

    return inject


def _accept_mode(mode: AcceptMode) -> Injection:
    def inject(scenario: Scenario) -> None:
        scenario.proxy.behavior.accept_mode = mode
        scenario.proxy.reset_connections()
        time.sleep(2)
        scenario.proxy.behavior.accept_mode = "normal"

    return inject


def _variables(**values: object) -> Injection:
    def inject(scenario: Scenario) -> None:
        with scenario.admin.variables(**values):
            scenario.admin.kill_sessions()
            time.sleep(1)

    return inject


def _silent_drop(scenario: Scenario) -> None:
    scenario.firewall.drop(scenario.client_ports(), scenario.port)
    time.sleep(3)
    scenario.firewall.clear()


def _reset_on_reuse(scenario: Scenario) -> None:
    scenario.firewall.reset_on_next_packet(scenario.client_ports(), scenario.port)
    time.sleep(1)
    scenario.firewall.clear()


def _responses_dropped(scenario: Scenario) -> None:
    scenario.firewall.drop_responses(scenario.client_ports(), scenario.port)
    time.sleep(3)
    scenario.firewall.clear()


def _crash(scenario: Scenario) -> None:
    scenario.server.kill()
    time.sleep(1)
    scenario.server.start()


def _server_suspended(scenario: Scenario) -> None:
    with scenario.admin.suspended():
        time.sleep(2)


INJECTIONS: dict[str, Injection] = {
    "killed": lambda scenario: scenario.admin.kill_sessions(),
    "query-killed": lambda scenario: scenario.admin.kill_sessions(query_only=True),
    "reset": lambda scenario: scenario.proxy.reset_connections(),
    "closed": lambda scenario: scenario.proxy.close_connections(),
    "error-4031": lambda scenario: scenario.proxy.send_and_close(IDLE_TIMEOUT_ERROR_PACKET),
    "silent-drop": _silent_drop,
    "reset-on-reuse": _reset_on_reuse,
    "responses-dropped": _responses_dropped,
    "commit-response-lost": _statement_fault(
        StatementFault(b"COMMIT", "close_before_response", probability=0.2)
    ),
    "read-response-lost": _statement_fault(
        StatementFault(b"AS nonce", "close_before_response", probability=0.1)
    ),
    "statement-lost": _statement_fault(
        StatementFault(b"INSERT", "close_before_execution", probability=0.2)
    ),
    "restart": lambda scenario: scenario.server.restart(),
    "crash": _crash,
    "server-suspended": _server_suspended,
    "no-greeting": _accept_mode("no_greeting"),
    "slow-greeting": _accept_mode("slow_greeting"),
    "closed-on-connect": _accept_mode("close"),
    "too-many-user-connections": _variables(max_user_connections=3),
    "read-only": _variables(read_only=1),
}


def remove_faults(scenario: Scenario) -> None:
    """Remove any fault that an injection may have left behind."""
    scenario.proxy.behavior.accept_mode = "normal"
    scenario.proxy.behavior.statement_faults = []
    scenario.environment.restore()
