"""A private server for tests, MariaDB or MySQL, and databases on it.

`TEST_SERVER=mysql` (and `MYSQL_ROOT`, the root directory it lives in) runs the same tests on MySQL.
"""

import os
import subprocess
import sys
from contextlib import closing, contextmanager

from app.database_url import DatabaseUrl
from dev.private_server import PrivateServer
from sample_data import seed
from tests.support.service import PROJECT, environment

FLAVOR = os.environ.get("TEST_SERVER", "mariadb")


class DatabaseServer(PrivateServer):
    """A throwaway server that gives out databases; `users` may sign in to the sample data."""

    users = ()

    def connect(self, url=None, **arguments):
        """The administrator, in autocommit, in the database that the URL names."""
        if url is not None:
            arguments["database"] = DatabaseUrl.parse(url).name
        # PyMySQL would build a TLS context for each connection.
        return super().connect(**{"ssl_disabled": True, **arguments})

    def create_migrated_database(self):
        """A database with the whole schema and no row."""
        url = self.create_database()
        migrate(self.owner_url(url))
        return url

    def create_sample_database(self):
        """A migrated database with the sample data."""
        url = self.create_migrated_database()
        with closing(self.connect(url)) as connection:
            self.users = seed(connection, students=600, seed=1).logins
        return url


def migrate(url, revision="head"):
    """Run the migrations as an operator would, with the account of the URL."""
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", revision],
        cwd=PROJECT,
        env=environment(url),
        check=True,
        capture_output=True,
    )


@contextmanager
def start_server(files=None, **options):
    """Run a throwaway server with these options of its own, and these files beside its data."""
    server = DatabaseServer(flavor=FLAVOR, mysql_root=os.environ.get("MYSQL_ROOT"), options=options)
    if files:
        server.initialize()
        for name, content in files.items():
            (server.data / name).write_bytes(content)
    with server:
        yield server
