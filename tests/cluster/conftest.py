"""The clusters of the tests; each is started by the first test that needs it."""

import pytest

from dev.cluster.galera_cluster import GaleraCluster
from dev.cluster.group_cluster import GroupCluster
from tests.support.service import UNLIMITED

# The load comes from one address.
SETTINGS = {**UNLIMITED, "ACCESS_TOKEN_SECONDS": 86400, "WEB_CONCURRENCY": 1, "THREADS": 16}


@pytest.fixture(scope="session")
def galera():
    """Three Galera nodes with the schema and the sample data, without the service."""
    cluster = GaleraCluster(settings=SETTINGS)
    try:
        cluster.start_database()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def group_replication():
    """Three members of Group Replication, without the service."""
    cluster = GroupCluster(settings=SETTINGS)
    try:
        cluster.start_database()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def service(galera):
    """The Galera cluster with two replicas of the service."""
    galera.start_service()
    return galera
