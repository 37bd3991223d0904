"""A private MariaDB or MySQL server for tests, and databases on it.

`TEST_SERVER=mysql` runs the tests on MySQL, from the root directory `MYSQL_ROOT`.
"""

import os
from contextlib import closing, contextmanager
from functools import cached_property, partial
from unittest.mock import patch

from alembic import command
from alembic.config import Config

from app.db.url import DatabaseUrl
from dev.private_server import PrivateServer
from sample_data import seed
from tests.support.service import PROJECT, environment
from tests.support.template import DATABASE, copy_template

FLAVOR = os.environ.get("TEST_SERVER", "mariadb")
SERVER_ARGUMENTS = {"flavor": FLAVOR, "mysql_root": os.environ.get("MYSQL_ROOT")}


class DatabaseServer(PrivateServer):
    """A throwaway server that creates databases.

    `users` are the accounts in its first sample database: each one has other passwords.
    """

    users = ()

    def connect(self, url=None, **arguments):
        """Connect as the administrator, in autocommit, to the database of the URL."""
        if url is not None:
            arguments["database"] = DatabaseUrl.parse(url).name
        # Otherwise PyMySQL creates an SSL context for each connection.
        return super().connect(**{"ssl_disabled": True, **arguments})

    @cached_property
    def watcher(self):
        """A connection of the administrator that stays open until the server stops."""
        return self.connect()

    def stop(self):
        if "watcher" in vars(self):
            vars(self).pop("watcher").close()
        super().stop()

    def create_migrated_database(self, name=None):
        """Create a database with the schema and no rows; returns its URL."""
        url = self.create_database(name)
        migrate(self.owner_url(url))
        return url

    def create_sample_database(self):
        """Create a database with the schema and the sample data; returns its URL."""
        url = self.create_migrated_database()
        with closing(self.connect(url)) as connection:
            users = seed(connection, students=600, seed=1).logins
        self.users = self.users or users
        return url


class CopiedServer(DatabaseServer):
    """A server copied from the template of the test run; it already has a sample database."""

    _template_users = ()

    def initialize(self):
        if not (self.folder / "initialized").exists():
            new_server = partial(DatabaseServer, **SERVER_ARGUMENTS)
            self._template_users = copy_template(new_server, self.folder)
        super().initialize()

    def create_sample_database(self):
        if not self._template_users:
            return super().create_sample_database()
        self.users, self._template_users = self._template_users, ()
        return self.create_database(DATABASE)


def migrate(url):
    """Run the migrations in this process, with the account of the URL."""
    with patch.dict(os.environ, environment(url), clear=True):
        command.upgrade(Config(toml_file=PROJECT / "pyproject.toml"), "head")


@contextmanager
def start_server(files=None, **options):
    """Run a throwaway server with these options, and these files in its data directory."""
    server = CopiedServer(**SERVER_ARGUMENTS, options=options)
    if files:
        server.initialize()
        for name, content in files.items():
            (server.data / name).write_bytes(content)
    with server:
        yield server
