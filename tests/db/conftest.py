"""Every promise is tried on every strategy of the one dictionary, and on a user's own class.

`single` is left out here: `test_single_fails.py` shows what it cannot keep.
"""

from contextlib import closing

import pytest

from app.db.strategies import STRATEGIES
from tests.db.relay import Relay
from tests.support.database import opened, query

OWN = "tests.support.own_strategy:Stack"
PROMISING = [name for name in STRATEGIES if name != "single"] + [OWN]
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


@pytest.fixture(scope="session")
def words_url(server):
    """A database with one table of words."""
    url = server.create_database()
    with closing(server.connect(url)) as connection:
        query(connection, WORDS)
    return url


@pytest.fixture
def url(words_url, server):
    """The same database, with no word in it."""
    with closing(server.connect(words_url)) as connection:
        query(connection, "DELETE FROM word")
    return words_url


@pytest.fixture
def root(server, url):
    """The administrator, in that database."""
    with closing(server.connect(url)) as connection:
        yield connection


# The other driver, on one strategy of each kind.
ON_MYSQLCLIENT = ["adaptive", "per_request", "pooled", "sqlalchemy"]


@pytest.fixture(
    params=[
        *((name, "pymysql") for name in PROMISING),
        *((name, "mysqlclient") for name in ON_MYSQLCLIENT),
    ],
    ids=lambda param: f"{param[0]}, {param[1]}",
)
def combination(request):
    """Each strategy that keeps its promises, and a driver."""
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
    """Kill, at the server, the connection that a transaction is on."""

    def kill_it(reader):
        victim = reader.fetch_one("SELECT CONNECTION_ID() AS id")["id"]
        query(root, f"KILL {victim}")

    return kill_it


@pytest.fixture
def relay(server):
    """A network between clients and the server that can misbehave."""
    with Relay(server.port) as running:
        yield running
