"""Faults of transactions that wait for, or conflict with, another session's locks."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pymysql

from dev.faults.proxy_behavior import StatementFault
from tests.faults.scenario import Scenario

ER_CHECKREAD = 1020
LONGER_THAN_A_CLIENT_WAITS_SECONDS = 11


def deadlock(scenario: Scenario) -> None:
    scenario.warm_up()
    deadlocking = [
        lambda rows=rows: scenario.client.write(rows=rows, pause=0.3)
        for rows in ([1, 2], [2, 1], [3, 4], [4, 3])
    ]
    with scenario.concurrent_requests(*deadlocking):
        pass


def lock_wait(scenario: Scenario) -> None:
    scenario.warm_up()
    writes = _writes_to(scenario, row=1)
    with _row_locked(scenario) as other, scenario.concurrent_requests(*writes):
        time.sleep(2)
        other.rollback()


def lock_timeout(scenario: Scenario) -> None:
    # The global variable limits the wait of code that does not set its own.
    with scenario.admin.variables(innodb_lock_wait_timeout=1):
        scenario.admin.kill_sessions()
        scenario.warm_up()
        writes = _writes_to(scenario, row=1)
        with _row_locked(scenario) as other, scenario.concurrent_requests(*writes):
            time.sleep(6)
            other.rollback()


def table_locked(scenario: Scenario) -> None:
    scenario.warm_up()
    client = scenario.client
    with (
        closing(scenario.server.connect(scenario.environment.url)) as other,
        other.cursor() as cursor,
    ):
        cursor.execute("LOCK TABLES ledger WRITE, counter WRITE")
        # No more than a worker has threads, so that none waits for a thread or connection.
        with scenario.concurrent_requests(
            *[lambda: client.read(sleep=0.01), client.write, client.write_with_key] * 2
        ):
            time.sleep(LONGER_THAN_A_CLIENT_WAITS_SECONDS)
            cursor.execute("UNLOCK TABLES")


def snapshot_conflict(scenario: Scenario) -> None:
    on_mariadb = scenario.environment.target.flavor == "mariadb"
    conflicting = [
        lambda rows=rows: scenario.client.write(rows=rows, pause=0.3, read_first=True)
        for rows in ([5, 1], [6, 1], [7, 2], [8, 2])
    ]
    with scenario.admin.variables(**({"innodb_snapshot_isolation": 1} if on_mariadb else {})):
        scenario.admin.kill_sessions()
        scenario.warm_up()
        if not on_mariadb:
            text = "Record has changed since last read in table 'counter'"
            scenario.proxy.behavior.statement_faults = [
                StatementFault(
                    b"+ 1 WHERE counter_id = 1", "error", times=1, error=(ER_CHECKREAD, text)
                ),
                StatementFault(
                    b"+ 1 WHERE counter_id = 2", "error", times=1, error=(ER_CHECKREAD, text)
                ),
            ]
        with scenario.concurrent_requests(*conflicting):
            pass


def _writes_to(scenario: Scenario, *, row: int) -> list[Callable[[], object]]:
    return [lambda: scenario.client.write(rows=[row])] * min(4, scenario.variant.clients)


@contextmanager
def _row_locked(scenario: Scenario) -> Iterator["pymysql.Connection[Any]"]:
    """Lock row 1 until the block ends or rolls the yielded connection back."""
    with (
        closing(scenario.server.connect(scenario.environment.url)) as other,
        other.cursor() as cursor,
    ):
        other.begin()
        cursor.execute("UPDATE counter SET touched = 0 WHERE counter_id = 1")
        yield other
