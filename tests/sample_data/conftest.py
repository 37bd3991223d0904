"""An empty database, to be filled, and one that is full."""

from contextlib import closing

import pytest

from sample_data import empty, seed
from tests.support.server import migrate

TABLES = """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
      AND table_name NOT IN ('alembic_version', 'api_user')
"""


@pytest.fixture(scope="package")
def schema(server):
    """A migrated database, which each test leaves empty."""
    return server.create_migrated_database()


@pytest.fixture
def connection(server, schema):
    """The administrator in that database, which is emptied in the end."""
    with closing(server.connect(schema)) as it:
        yield it
        empty(it)


@pytest.fixture(scope="package")
def sample(server):
    """600 students of the seed 1, to be read."""
    url = server.create_database()
    migrate(server.owner_url(url))
    with closing(server.connect(url)) as it:
        seed(it, students=600, seed=1)
        yield it


@pytest.fixture
def checksums():
    """Give the checksum of every table but the sign-ins."""

    def of(connection):
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            tables = sorted(name for (name,) in cursor.fetchall())
            cursor.execute(f"CHECKSUM TABLE {', '.join(tables)}")
            return dict(zip(tables, [value for _, value in cursor.fetchall()], strict=True))

    return of
