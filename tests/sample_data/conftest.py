"""Fixtures: an empty database, and one with the sample data."""

from contextlib import closing

import pytest

from sample_data import empty, seed
from tests.support.server import migrate

TABLES = """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
      AND table_name NOT IN ('alembic_version', 'migration_lock', 'api_user')
"""


@pytest.fixture(scope="package")
def schema(server):
    """The URL of a migrated database without rows."""
    return server.create_migrated_database()


@pytest.fixture
def connection(server, schema):
    """A connection of the database administrator to `schema`, which is emptied after the test."""
    with closing(server.connect(schema)) as it:
        yield it
        empty(it)


@pytest.fixture(scope="package")
def sample(server):
    """A connection to a database with 600 students of seed 1, which tests only read."""
    url = server.create_database()
    migrate(server.owner_url(url))
    with closing(server.connect(url)) as it:
        seed(it, students=600, seed=1)
        yield it


@pytest.fixture
def checksums():
    """A function that returns the checksums of all tables except `api_user`."""

    def of(connection):
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            tables = sorted(name for (name,) in cursor.fetchall())
            cursor.execute(f"CHECKSUM TABLE {', '.join(tables)}")
            return dict(zip(tables, [value for _, value in cursor.fetchall()], strict=True))

    return of
