"""One private server for the whole run, and a fresh database for whoever asks."""

import os
from contextlib import closing
from tempfile import TemporaryDirectory

import pytest

from tests.support.server import start_server
from tests.support.template import RUN_FOLDER


def pytest_configure(config):
    """Where the workers of this run find what they copy; the process they come from removes it."""
    if not is_worker(config):
        folder = TemporaryDirectory(prefix="test-run-")
        os.environ[RUN_FOLDER] = folder.name
        config.add_cleanup(folder.cleanup)


def is_worker(config):
    return hasattr(config, "workerinput")


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
