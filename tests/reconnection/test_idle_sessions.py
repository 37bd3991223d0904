"""`SELECT now()`, `SET wait_timeout=3`, five idle seconds, `SELECT now()`: each answer alone.

Below `Database`, which would replay a read and so hide what a strategy cannot do.
All cases idle at the same time, each in a thread of its own.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from app.db.errors import code_of
from tests.support.database import opened

GONE = {2006, 2013}


@dataclass(frozen=True)
class Case:
    strategy: str
    ends_request: bool = True
    settings: dict[str, object] = field(default_factory=dict)


SURVIVE = {
    "per_query": Case("per_query"),
    "per_request": Case("per_request"),
    "persistent": Case("persistent"),
    "pooled": Case("pooled"),
    "timed, detected_by_policy after 2 s": Case("timed", settings={"db_recycle_seconds": 2}),
    "pool_recycle alone": Case(
        "sqlalchemy", settings={"db_recycle_seconds": 2, "db_pre_ping": False}
    ),
    "pool_pre_ping alone": Case("sqlalchemy", settings={"db_recycle_seconds": 0}),
    "session removed": Case("sqlalchemy_session"),
    "adaptive": Case("adaptive"),
    "adaptive without any age": Case("adaptive", settings={"db_recycle_seconds": 0}),
    "a class of a user's own behind a ping": Case("tests.reconnection.test_idle_sessions:Pinging"),
}
FAIL = {
    "single": Case("single"),
    "timed, detected_by_policy too late": Case("timed", settings={"db_recycle_seconds": 60}),
    "neither recycle nor ping": Case(
        "sqlalchemy", settings={"db_recycle_seconds": 0, "db_pre_ping": False}
    ),
    "session not removed": Case("sqlalchemy_session", ends_request=False),
}


class Pinging:
    """The shortest strategy that survives: one connection, asked before each use."""

    def __init__(self, connect, settings):
        self._connect = connect
        self._kept = None

    def acquire(self):
        kept, self._kept = self._kept, None
        try:
            if kept:
                kept.ping()
        except self._connect.dbapi.Error:
            kept.abort()
            kept = None
        return kept or self._connect()

    def release(self, connection):
        self._kept = connection

    def discard(self, connection):
        connection.abort()

    def close(self):
        if self._kept:
            self._kept.close()


def idle_through(url, case):
    """Run the case; the driver's error, or None."""
    with opened(url, db_strategy=case.strategy, **case.settings) as database:
        run(database, case, "SELECT now()", "SET SESSION wait_timeout = 3")
        time.sleep(5)
        try:
            run(database, case, "SELECT now()")
        except database.connections.driver_error as error:
            return error
        return None


def run(database, case, *statements):
    connection = database.connections.strategy.acquire()
    try:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
    except database.connections.driver_error:
        database.connections.strategy.discard(connection)
        raise
    database.connections.strategy.release(connection)
    if case.ends_request:
        database.end_request()


@pytest.fixture(scope="module")
def outcomes(server):
    cases = SURVIVE | FAIL
    url = server.create_database()
    with ThreadPoolExecutor(len(cases)) as pool:
        errors = pool.map(lambda case: idle_through(url, case), cases.values())
        return dict(zip(cases, errors, strict=True))


@pytest.mark.parametrize("name", SURVIVE)
def test_it_survives_an_idle_session(name, outcomes):
    assert outcomes[name] is None


@pytest.mark.parametrize("name", FAIL)
def test_it_is_gone_after_an_idle_session(name, outcomes):
    assert code_of(outcomes[name]) in GONE
