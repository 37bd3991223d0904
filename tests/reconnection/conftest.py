"""A database server shared by the tests of this package."""

import pytest

from tests.support.server import start_server


@pytest.fixture(scope="module")
def own_server():
    """A server that a test may restart, and whose global variables it may change."""
    with start_server() as server:
        yield server


@pytest.fixture(scope="module")
def url(own_server):
    """The URL of a migrated database with sample data on that server."""
    return own_server.create_sample_database()
