"""Faults of the server under load: stopped, full, read-only, suspended, or rejecting logins."""

import time
from contextlib import ExitStack, closing

from tests.faults.scenario import Scenario


def restart_under_load(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.7)
        scenario.server.restart()
        scenario.mark_recovered()
        time.sleep(1.5)


def crash(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.7)
        scenario.server.kill()
        time.sleep(3)
        scenario.server.start()
        scenario.mark_recovered()
        time.sleep(1.5)


def connection_refused(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.server.stop()
    with scenario.traffic():
        time.sleep(1.5)
    scenario.server.start()


def host_unreachable(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.admin.kill_sessions()
    scenario.firewall.reject_new_connections(scenario.server.port)
    with scenario.traffic():
        time.sleep(1.5)
    scenario.firewall.clear()


def name_not_resolved(scenario: Scenario) -> None:
    with scenario.traffic():
        time.sleep(1.5)


def too_many_connections(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.admin.kill_sessions()
    scenario.admin.wait_for_sessions(0)
    with scenario.admin.variables(max_connections=10), ExitStack() as other_connections:
        for _ in range(8):
            other_connections.enter_context(closing(scenario.server.connect()))
        with scenario.traffic():
            time.sleep(1.5)
        other_connections.close()


def too_many_user_connections(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.admin.variables(max_user_connections=3):
        scenario.admin.kill_sessions()
        with scenario.traffic():
            time.sleep(1.5)


def read_only(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.5)
        with scenario.admin.variables(read_only=1):
            time.sleep(1)
        scenario.mark_recovered()
        time.sleep(0.7)


def server_suspended(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.traffic():
        time.sleep(0.5)
        with scenario.admin.suspended():
            time.sleep(5)
        scenario.mark_recovered()
        time.sleep(1)


def no_greeting(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.proxy.behavior.accept_mode = "no_greeting"
    scenario.proxy.reset_connections()
    with scenario.traffic():
        time.sleep(4.5)
    scenario.proxy.behavior.accept_mode = "normal"


def slow_greeting(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.proxy.behavior.accept_mode = "slow_greeting"
    scenario.proxy.reset_connections()
    with scenario.traffic():
        time.sleep(4.5)
    scenario.proxy.behavior.accept_mode = "normal"


def password_changed(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.admin.password_changed():
        scenario.admin.kill_sessions()
        with scenario.traffic():
            time.sleep(1.5)
