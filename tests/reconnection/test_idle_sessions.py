"""Each strategy after `SET wait_timeout = 3` and five idle seconds, without retries by `Database`.

All cases are idle at the same time, each in its own thread.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from app.db.errors import code_of
from tests.support.database import opened

CONNECTION_LOST_CODES = {2006, 2013}


@dataclass(frozen=True)
class Case:
    strategy: str
    ends_request: bool = True
    settings: dict[str, object] = field(default_factory=dict)


SURVIVES = {
    "per_query": Case("per_query"),
    "per_request": Case("per_request"),
    "persistent": Case("persistent"),
    "pooled": Case("pooled"),
    "timed, recycled after 2 s": Case("timed", settings={"db_recycle_seconds": 2}),
    "pool_recycle alone": Case(
        "sqlalchemy", settings={"db_recycle_seconds": 2, "db_pre_ping": False}
    ),
    "pool_pre_ping alone": Case("sqlalchemy", settings={"db_recycle_seconds": 0}),
    "session removed after the request": Case("sqlalchemy_session"),
    "adaptive": Case("adaptive"),
    "adaptive without recycling": Case("adaptive", settings={"db_recycle_seconds": 0}),
    "custom class with a ping": Case("tests.reconnection.test_idle_sessions:Pinging"),
}
FAILS = {
    "single": Case("single"),
    "timed, recycled too late": Case("timed", settings={"db_recycle_seconds": 60}),
    "neither recycle nor ping": Case(
        "sqlalchemy", settings={"db_recycle_seconds": 0, "db_pre_ping": False}
    ),
    "session not removed": Case("sqlalchemy_session", ends_request=False),
}


class Pinging:
    """Minimal custom strategy that survives: one connection, pinged before each use."""

    def __init__(self, connect, config):
        self._connect = connect
        self._connection = None

    def acquire(self):
        connection, self._connection = self._connection, None
        try:
            if connection:
                connection.ping()
        except self._connect.dbapi.Error:
            connection.abort()
            connection = None
        return connection or self._connect()

    def release(self, connection):
        self._connection = connection

    def discard(self, connection):
        connection.abort()

    def close(self):
        if self._connection:
            self._connection.close()


def error_after_idle_time(url, case):
    """Use a connection before and after idle time; return the driver's error, or None."""
    with opened(url, db_strategy=case.strategy, **case.settings) as database:
        execute(database, case, "SELECT now()", "SET SESSION wait_timeout = 3")
        time.sleep(5)
        try:
            execute(database, case, "SELECT now()")
        except database.connections.driver_error as error:
            return error
        return None


def execute(database, case, *statements):
    strategy = database.connections.strategy
    connection = strategy.acquire()
    try:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
    except database.connections.driver_error:
        strategy.discard(connection)
        raise
    strategy.release(connection)
    if case.ends_request:
        database.end_request()


@pytest.fixture(scope="module")
def errors(server):
    """The error of each case, by its name."""
    cases = SURVIVES | FAILS
    url = server.create_database()
    with ThreadPoolExecutor(len(cases)) as pool:
        found = pool.map(lambda case: error_after_idle_time(url, case), cases.values())
        return dict(zip(cases, found, strict=True))


@pytest.mark.parametrize("name", SURVIVES)
def test_the_connection_works_after_idle_time(name, errors):
    assert errors[name] is None


@pytest.mark.parametrize("name", FAILS)
def test_the_connection_is_lost_after_idle_time(name, errors):
    assert code_of(errors[name]) in CONNECTION_LOST_CODES
