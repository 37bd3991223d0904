"""Fixtures: a table of words, and a `Database` on each strategy.

`db` runs a test on every strategy and on a class of a user's own. Tests that do not depend on the
strategy override `combination` or open a `Database` themselves. `single` is excluded:
`test_single_fails.py` shows what it does not do.
"""

from contextlib import closing

import pytest

from app.db import commit_tokens
from app.db.strategies import STRATEGIES
from tests.db.relay import Relay
from tests.support.database import opened, query

OWN = "tests.support.own_strategy:Stack"
RELIABLE_STRATEGIES = [name for name in STRATEGIES if name != "single"] + [OWN]
POOLED = ["adaptive", "pooled", "sqlalchemy", "sqlalchemy_session", OWN]
MORE_THAN_THE_POOL_HOLDS = 6
WORDS = """
    CREATE TABLE word (
        word_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        word VARCHAR(50) NOT NULL,
        touched INT NOT NULL DEFAULT 0,
        CONSTRAINT idx_unique_word UNIQUE (word)
    ) ENGINE=InnoDB
"""
# The second driver is tested on one strategy of each kind.
ON_MYSQLCLIENT = ["adaptive", "per_request", "pooled", "sqlalchemy"]
ALL_COMBINATIONS = [
    *((name, "pymysql") for name in RELIABLE_STRATEGIES),
    *((name, "mysqlclient") for name in ON_MYSQLCLIENT),
]
# For what `Database` does alone: a strategy of this project, one that wraps connections in its own
# classes, the shortest possible one, and the second driver.
STRATEGY_INDEPENDENT = [
    ("adaptive", "pymysql"),
    ("adaptive", "mysqlclient"),
    ("pooled", "pymysql"),
    (OWN, "pymysql"),
]
ON_EACH_KIND = pytest.mark.parametrize("combination", STRATEGY_INDEPENDENT, ids=", ".join)


@pytest.fixture(scope="session")
def words_url(server):
    """A database with one table, `word`, and that of the commit tokens."""
    url = server.create_database()
    with closing(server.connect(url)) as connection:
        query(connection, WORDS)
        query(connection, commit_tokens.DDL)
    return url


@pytest.fixture
def url(words_url, server):
    """The same database; the tables are empty."""
    with closing(server.connect(words_url)) as connection:
        query(connection, "DELETE FROM word")
        query(connection, "DELETE FROM commit_token")
    return words_url


@pytest.fixture
def root(server, url):
    """A connection of the administrator to that database."""
    with closing(server.connect(url)) as connection:
        yield connection


@pytest.fixture(params=ALL_COMBINATIONS, ids=", ".join)
def combination(request):
    """A strategy and a driver."""
    return request.param


@pytest.fixture
def strategy(combination):
    """The name of the strategy."""
    return combination[0]


@pytest.fixture
def db(combination, url):
    """A `Database` on each combination in turn."""
    name, driver = combination
    with opened(
        url, db_strategy=name, db_driver=driver, db_pool_size=4, db_pool_timeout_seconds=2
    ) as database:
        yield database


@pytest.fixture
def kill(root):
    """A function that kills, at the server, the connection of a transaction."""

    def kill_connection(reader):
        victim = reader.fetch_one("SELECT CONNECTION_ID() AS id")["id"]
        query(root, f"KILL {victim}")

    return kill_connection


@pytest.fixture
def relay(server):
    """A TCP proxy in front of the server that can inject network faults."""
    with Relay(server.port) as running:
        yield running
