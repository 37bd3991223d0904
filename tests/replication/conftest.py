"""Fixtures: a primary with the sample data and its replica."""

import pytest

from tests.support.replication import replicated

PRIMARY, REPLICA = 1, 2  # server_id


@pytest.fixture(scope="session")
def replica():
    with replicated() as running:
        yield running


@pytest.fixture(scope="session")
def server(replica):
    """The primary."""
    return replica.primary


@pytest.fixture(scope="session")
def migrated(server, replica):
    """The URL of the sample database on the primary."""
    url = server.create_sample_database()
    replica.wait()
    return url


@pytest.fixture(scope="session")
def read_url(replica, migrated):
    """The URL of the same database on the replica."""
    return replica.url(migrated)


@pytest.fixture(autouse=True)
def applied(replica, migrated):
    """Each test begins with a replica that has applied everything."""
    replica.wait()
