"""At the end of a request its connection is released, even if the request failed."""

from contextlib import closing

import pytest

from tests.db.test_concurrency import settles
from tests.http.conftest import create_note_app
from tests.support.database import connections_of

REQUESTS = pytest.mark.parametrize(
    ("path", "status"), [("/database-notes", 200), ("/failing-notes", 500)]
)


@pytest.fixture
def url(server):
    """A database without other connections."""
    return server.create_database()


@REQUESTS
def test_per_request_closes_the_connection(path, status, url, server):
    application = create_note_app(url, db_strategy="per_request")
    database = application.extensions["database"]

    response = application.test_client().get(path)

    assert response.status_code == status
    assert database.statistics()["opened"] == 1
    with closing(server.connect()) as root:
        assert settles(lambda: connections_of(root, url) == set())


@REQUESTS
def test_sqlalchemy_session_returns_the_connection_to_its_pool(path, status, url):
    application = create_note_app(url, db_strategy="sqlalchemy_session")
    database = application.extensions["database"]
    with closing(database):
        response = application.test_client().get(path)

        pool = database.connections.strategy._engine.pool
        assert response.status_code == status
        assert (pool.checkedin(), pool.checkedout()) == (1, 0)
