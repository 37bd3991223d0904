"""Faults of the server under load: stopped, full, read-only, suspended, or rejecting logins."""

import time
from contextlib import ExitStack, closing

from tests.faults.load import run_concurrently
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
        time.sleep(2)
        scenario.server.start()
        scenario.mark_recovered()
        time.sleep(1.5)


def connection_refused(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.server.stop()
    with scenario.traffic():
        time.sleep(scenario.patience_seconds + 2)
    scenario.server.start()


def host_unreachable(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.admin.kill_sessions()
    scenario.firewall.reject_new_connections(scenario.server.port)
    with scenario.traffic():
        time.sleep(scenario.patience_seconds + 2)
    scenario.firewall.clear()


def host_unreachable_briefly(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.admin.kill_sessions()
    scenario.firewall.reject_new_connections(scenario.server.port)
    with scenario.traffic():
        time.sleep(2.5)
        scenario.firewall.clear()
        scenario.mark_recovered()
        time.sleep(1.5)


def name_not_resolved(scenario: Scenario) -> None:
    with scenario.traffic():
        time.sleep(scenario.patience_seconds + 2)


def too_many_connections(scenario: Scenario) -> None:
    scenario.warm_up()
    scenario.admin.kill_sessions()
    scenario.admin.wait_for_sessions(0)
    with scenario.admin.variables(max_connections=10), ExitStack() as other_connections:
        for _ in range(10):
            other_connections.enter_context(closing(scenario.server.connect()))
        with scenario.traffic():
            time.sleep(2.5)
            other_connections.close()
            scenario.mark_recovered()
            time.sleep(1.5)


def too_many_user_connections(scenario: Scenario) -> None:
    scenario.warm_up()
    with ExitStack() as limited:
        limited.enter_context(scenario.admin.variables(max_user_connections=3))
        scenario.admin.kill_sessions()
        with scenario.traffic():
            time.sleep(2.5)
            limited.close()
            scenario.mark_recovered()
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


def password_changed(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.admin.password_changed():
        scenario.admin.kill_sessions()
        with scenario.traffic():
            time.sleep(1.5)


def access_restored(scenario: Scenario) -> None:
    scenario.warm_up()
    with scenario.admin.password_changed():
        scenario.admin.kill_sessions()
        run_concurrently(scenario.warm_up_client.read, threads=scenario.variant.clients)
    scenario.wait_until_ready(seconds=5)
    scenario.readyz(scenario.client)
    scenario.burst()
