"""The statements each strategy sends to the server in steady use, counted at the server.

The table in `docs/connections.md` shows these numbers.
"""

import socket
from dataclasses import astuple, dataclass
from threading import current_thread

import pytest

from app.db.strategies import STRATEGIES
from tests.support.counting import changes
from tests.support.database import add, opened
from tests.support.service import PROJECT

REQUESTS = 10


@dataclass(frozen=True)
class Cost:
    """The cost of one request: connections opened, statements and pings sent."""

    connections: int
    statements: int
    pings: int


# A new connection adds two statements: its session settings, and COM_QUIT when it is closed.
READ = {
    "adaptive": Cost(0, 1, 0),
    "per_query": Cost(1, 3, 0),
    "per_request": Cost(1, 3, 0),
    "persistent": Cost(0, 1, 1),
    "pooled": Cost(0, 1, 1),
    "timed": Cost(0, 1, 0),
    "sqlalchemy": Cost(0, 1, 1),
    "sqlalchemy_session": Cost(0, 2, 1),  # the session sends a ROLLBACK when it ends
    "single": Cost(0, 1, 0),
}


def cost_of_insert(read):
    """Return the cost of a transaction with one INSERT: a read's, plus BEGIN and COMMIT."""
    return Cost(read.connections, read.statements + 2, read.pings)


def counted(server, work):
    change = changes(server, work, "Connections", "Questions", "Com_admin_commands")
    return Cost(change["Connections"], change["Questions"], change["Com_admin_commands"])


def times(cost, number):
    return Cost(*(value * number for value in astuple(cost)))


@pytest.fixture(params=STRATEGIES)
def name(request):
    return request.param


@pytest.fixture
def warm(name, url):
    """A `Database` that has served its first request."""
    with opened(url, db_strategy=name) as database:
        database.fetch_one("SELECT 1")
        database.end_request()
        yield database


def test_statements_sent_for_a_read(name, warm, server):
    def requests():
        for _ in range(REQUESTS):
            warm.fetch_one("SELECT 1")
            warm.end_request()

    assert counted(server, requests) == times(READ[name], REQUESTS)


def test_statements_sent_for_a_transaction(name, warm, server):
    def requests():
        for number in range(REQUESTS):
            with warm.transaction() as tx:
                add(tx, f"{current_thread().name} {number}")
            warm.end_request()

    assert counted(server, requests) == times(cost_of_insert(READ[name]), REQUESTS)


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_a_session_reset_sends_two_commands(driver, url, server):
    with opened(url, db_driver=driver) as database:

        def transaction(sql):
            with database.transaction() as tx:
                tx.execute(sql)

        transaction("SAVEPOINT here")
        without = counted(server, lambda: transaction("SAVEPOINT here"))
        with_reset = counted(server, lambda: transaction("SET @tenant = 5"))

    assert with_reset.statements - without.statements == 2
    assert with_reset.connections == without.connections == 0


UPDATE = "UPDATE word SET touched = 1"


@pytest.mark.parametrize(
    ("has_tokens", "run", "statements"),
    [
        (True, {"function": lambda tx: tx.execute(UPDATE)}, 4),
        (False, {"function": lambda tx: tx.execute(UPDATE)}, 3),
        (True, {"function": lambda tx: tx.execute(UPDATE), "idempotent": True}, 3),
        (True, {"function": lambda tx: tx.execute("SELECT 1")}, 3),
    ],
    ids=["write", "without tokens", "idempotent", "read"],
)
def test_a_commit_token_costs_one_statement(url, server, has_tokens, run, statements):
    def requests():
        for _ in range(REQUESTS):
            db.run_transaction(**run)

    with opened(url, db_commit_tokens=has_tokens) as db:
        db.fetch_one("SELECT 1")

        assert counted(server, requests) == times(Cost(0, statements, 0), REQUESTS)


def test_a_statement_does_not_change_the_socket_timeout(url, monkeypatch):
    timeouts = []
    with opened(url, db_read_timeout_seconds=30, db_write_timeout_seconds=10) as database:
        database.fetch_one("SELECT 1")
        monkeypatch.setattr(socket.socket, "settimeout", lambda _, value: timeouts.append(value))
        database.fetch_one("SELECT 1")

        assert timeouts == []


def test_connections_and_pings_of_two_reads_in_one_request(warm, name, server):
    def request():
        warm.fetch_one("SELECT 1")
        warm.fetch_one("SELECT 2")
        warm.end_request()

    connections = {"per_query": 2, "per_request": 1}.get(name, 0)
    pings = {"persistent": 2, "pooled": 2, "sqlalchemy": 2, "sqlalchemy_session": 1}.get(name, 0)
    assert counted(server, request).connections == connections
    assert counted(server, request).pings == pings


def test_the_documentation_shows_these_numbers(name):
    read, insert = READ[name], cost_of_insert(READ[name])
    numbers = (read.connections, read.statements, insert.statements, read.pings)
    row = f"| `{name}` | {' | '.join(map(str, numbers))} |"

    assert row in (PROJECT / "docs/connections.md").read_text()
