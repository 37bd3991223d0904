"""A private server for tests, MariaDB or MySQL, and databases on it.

`TEST_SERVER=mysql` (and `MYSQL_ROOT`, the root directory it lives in) runs the same tests on MySQL.
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
WHICH = {"flavor": FLAVOR, "mysql_root": os.environ.get("MYSQL_ROOT")}


class DatabaseServer(PrivateServer):
    """A throwaway server that gives out databases; `users` may sign in to the sample data."""

    users = ()

    def connect(self, url=None, **arguments):
        """The administrator, in autocommit, in the database that the URL names."""
        if url is not None:
            arguments["database"] = DatabaseUrl.parse(url).name
        # PyMySQL would build a TLS context for each connection.
        return super().connect(**{"ssl_disabled": True, **arguments})

    @cached_property
    def watcher(self):
        """An administrator's connection that stays; it ends with the server."""
        return self.connect()

    def stop(self):
        if "watcher" in vars(self):
            vars(self).pop("watcher").close()
        super().stop()

    def create_migrated_database(self, name=None):
        """A database with the whole schema and no row."""
        url = self.create_database(name)
        migrate(self.owner_url(url))
        return url

    def create_sample_database(self):
        """A migrated database with the sample data."""
        url = self.create_migrated_database()
        with closing(self.connect(url)) as connection:
            self.users = seed(connection, students=600, seed=1).logins
        return url


class CopiedServer(DatabaseServer):
    """The same, but copied from the template of a run; it has one sample database already."""

    _users_in_advance = ()

    def initialize(self):
        if not (self.folder / "initialized").exists():
            make = partial(DatabaseServer, **WHICH)
            self._users_in_advance = copy_template(make, self.folder)
        super().initialize()

    def create_sample_database(self):
        if not self._users_in_advance:
            return super().create_sample_database()
        self.users, self._users_in_advance = self._users_in_advance, ()
        return self.create_database(DATABASE)


def migrate(url):
    """Run the migrations with the account of the URL; in this process, which has all it takes."""
    with patch.dict(os.environ, environment(url), clear=True):
        command.upgrade(Config(toml_file=PROJECT / "pyproject.toml"), "head")


@contextmanager
def start_server(files=None, **options):
    """Run a throwaway server with these options of its own, and these files beside its data."""
    server = CopiedServer(**WHICH, options=options)
    if files:
        server.initialize()
        for name, content in files.items():
            (server.data / name).write_bytes(content)
    with server:
        yield server
