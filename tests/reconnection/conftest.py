"""A server on which the night lasts two seconds."""

import pytest

from tests.support.server import start_server


@pytest.fixture(scope="package")
def night_server():
    """A server that hangs up after two idle seconds."""
    with start_server(wait_timeout=2) as running:
        yield running


@pytest.fixture(scope="package")
def night_url(night_server):
    """A migrated database with sample data on it."""
    return night_server.create_sample_database()
