"""Migrated databases, connections to them, and alembic configurations."""

from argparse import Namespace
from contextlib import closing

import pytest
from alembic.config import Config

from tests.support.service import PROJECT, environment


@pytest.fixture(scope="package")
def schema(server):
    """A migrated, empty database for tests that roll back their changes."""
    return server.create_migrated_database()


@pytest.fixture
def database(server, schema):
    """A cursor on `schema`; its changes are rolled back after the test."""
    with closing(server.connect(schema, autocommit=False)) as connection:
        yield connection.cursor()
        connection.rollback()


@pytest.fixture
def sample(server, migrated):
    """A cursor on the sample data, for reading."""
    with closing(server.connect(migrated)) as connection:
        yield connection.cursor()


@pytest.fixture
def alembic(server, monkeypatch):
    """A function that returns a configuration for alembic's commands on a database."""

    def configure(url, **options):
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        config = Config(toml_file=PROJECT / "pyproject.toml")
        config.cmd_opts = Namespace(x=[f"{name}={value}" for name, value in options.items()])
        return config

    return configure
