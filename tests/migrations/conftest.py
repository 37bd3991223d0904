"""Databases at some revision, and ways to migrate them."""

from argparse import Namespace
from contextlib import closing

import pytest
from alembic.config import Config

from tests.support.service import PROJECT, environment


@pytest.fixture(scope="package")
def schema(server):
    """A migrated database without a row, for tests that take back what they do."""
    return server.create_migrated_database()


@pytest.fixture
def database(server, schema):
    """A connection to it whose changes are taken back."""
    with closing(server.connect(schema, autocommit=False)) as connection:
        yield connection.cursor()
        connection.rollback()


@pytest.fixture
def sample(server, migrated):
    """The sample data, to be read."""
    with closing(server.connect(migrated)) as connection:
        yield connection.cursor()


@pytest.fixture
def alembic(server, monkeypatch):
    """Make a configuration for alembic's commands, run on the given database."""

    def configure(url, **options):
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        config = Config(toml_file=PROJECT / "pyproject.toml")
        config.cmd_opts = Namespace(x=[f"{name}={value}" for name, value in options.items()])
        return config

    return configure
