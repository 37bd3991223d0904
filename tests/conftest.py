"""One private server for the whole run, and a fresh database for whoever asks."""

from contextlib import closing

import pytest

from tests.support.server import start_server


@pytest.fixture(scope="session")
def server():
    """A server with its defaults."""
    with start_server() as running:
        yield running


@pytest.fixture(scope="session")
def migrated(server):
    """A database with the whole schema and the sample data."""
    return server.create_sample_database()


@pytest.fixture
def root(server):
    """The server's administrator, in autocommit."""
    with closing(server.connect()) as connection:
        yield connection
