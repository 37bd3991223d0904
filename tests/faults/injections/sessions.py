"""Faults that concern what is left in a server session, or what a session's number stands for."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pymysql

from app.db.url import DatabaseUrl
from tests.faults.ledger_entry import STATES
from tests.faults.load import run_concurrently
from tests.faults.scenario import TRAFFIC_CLIENTS, Scenario
from tests.faults.variants import WORKERS


def session_state(scenario: Scenario) -> None:
    account = DatabaseUrl.parse(scenario.environment.url)
    scenario.admin.query(f"GRANT LOCK TABLES ON `{account.name}`.* TO %s@'%%'", (account.user,))
    scenario.warm_up()
    client, clients = scenario.client, scenario.variant.clients
    for state in STATES:
        for _ in range(WORKERS):
            scenario.warm_up_client.leave(state)
        run_concurrently(lambda: client.read(check_session=True), threads=clients, each=2)
        run_concurrently(lambda: client.read(sleep=0.01), threads=clients)
        run_concurrently(client.write, threads=clients)
    scenario.admin.kill_sessions()  # a table lock would also block the comparison of the ledger


def slow_statement_timeout(scenario: Scenario) -> None:
    scenario.warm_up()
    clients = min(TRAFFIC_CLIENTS, scenario.variant.clients)
    with scenario.admin.counting_statements() as counted:
        run_concurrently(lambda: scenario.client.read(sleep=4), threads=clients, each=2)
        time.sleep(0.5)
        left = scenario.admin.running_statements()
    scenario.side_effects["statements more than requests"] = max(0, counted.most - clients)
    scenario.side_effects["statements still running after the last response"] = left


def id_reused(scenario: Scenario) -> None:
    scenario.server.restart()  # so that the numbers of sessions are small
    scenario.warm_up()
    hold = scenario.hold()
    with scenario.concurrent_requests(*[lambda: scenario.client.write(hold=hold)] * 4):
        scenario.wait_for_transactions(4)
        numbers = {session.session_id for session in scenario.admin.sessions()}
        scenario.server.kill()
        scenario.server.start()
        with sessions_numbered(numbers, DatabaseUrl.parse(scenario.url)) as others:
            hold.unlink()
            time.sleep(0.3)
            scenario.burst()
            ended = sum(not _is_open(connection) for connection in others)
    scenario.side_effects["sessions of another client ended"] = ended


@contextmanager
def sessions_numbered(
    numbers: set[int], account: DatabaseUrl
) -> Iterator[list["pymysql.Connection[Any]"]]:
    """Open the sessions with these numbers, as another client of this account (Unix socket)."""
    with ExitStack() as stack:
        kept, number = [], 0
        while number < max(numbers):
            connection = pymysql.connect(
                unix_socket=account.unix_socket,
                user=account.user,
                password=account.password,
                ssl_disabled=True,
            )
            stack.callback(connection.close)
            if (number := connection.thread_id()) in numbers:
                kept.append(connection)
        yield kept


def _is_open(connection: "pymysql.Connection[Any]") -> bool:
    with suppress(pymysql.err.Error):
        connection.ping(reconnect=False)
        return True
    return False
