"""The end of a request reaches the strategy, also when the request failed."""

from contextlib import closing

import pytest

from app import create_app
from tests.db.test_concurrency import settles
from tests.support.database import connections_of, query, settings_for

CITY = "CREATE TABLE city (city_id INT PRIMARY KEY, city VARCHAR(50))"


@pytest.fixture
def url(server):
    """A database that nobody else is in."""
    url = server.create_database()
    with closing(server.connect(url)) as dba:
        query(dba, CITY)
    return url


@pytest.mark.parametrize("path", ["/?city=London", "/readyz"])
def test_per_request_leaves_no_connection_behind(path, url, server):
    client = create_app(settings_for(url, db_strategy="per_request")).test_client()
    client.get(path)

    with closing(server.connect()) as dba:
        assert settles(lambda: connections_of(dba, url) == set())


def test_a_session_gives_its_connection_back(url):
    app = create_app(settings_for(url, db_strategy="sqlalchemy_session"))
    app.test_client().get("/?city=London")

    assert app.extensions["database"].connections.strategy._engine.pool.checkedout() == 0
    app.extensions["database"].close()
