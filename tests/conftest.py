"""One private server for each worker, and a fresh database for whoever asks.

A file is one worker's, so that what its tests share is made once; `tests/faults` as a whole is.
"""

import os
from contextlib import closing
from tempfile import TemporaryDirectory

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.support.server import start_server
from tests.support.template import RUN_FOLDER

pytest_plugins = ["tests.support.app_fixtures", "tests.support.browser"]

# The cells of the table of faults run in the background of one worker, on lanes of its own.
ONE_WORKERS = "tests/faults"
# A worker that began one of these last would keep the others waiting.
LONGEST = [
    ONE_WORKERS,
    *(
        f"tests/{name}.py"
        for name in (
            "openapi/test_fuzzing",
            "operations/test_startup_errors",
            "night/test_restart_and_kill",
            "operations/test_metrics",
            "openapi/test_swagger_ui",
            "night/test_the_night",
            "resources/students/test_resumed",
            "resources/test_conventions_lists",
            "resources/test_permissions",
            "docs/test_adding_a_resource",
            "http/test_body_limits",
            "auth/test_secrets",
            "sample_data/test_seed",
            "operations/test_doctor",
        )
    ),
]


class Scheduling(LoadFileScheduling):
    """Who gets which tests: see `whole`."""

    def _split_scope(self, nodeid):
        return whole(nodeid)


def whole(nodeid):
    """What one worker runs from its beginning to its end."""
    file, _, _ = nodeid.partition("::")
    return ONE_WORKERS if file.startswith(f"{ONE_WORKERS}/") else file


def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)


def pytest_configure(config):
    """Where the workers of this run find what they copy; the process they come from removes it."""
    if not is_worker(config):
        folder = TemporaryDirectory(prefix="test-run-")
        os.environ[RUN_FOLDER] = folder.name
        config.add_cleanup(folder.cleanup)


def pytest_collection_modifyitems(config, items):
    if is_worker(config):
        rank = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: rank.get(whole(item.nodeid), len(rank)))


def is_worker(config):
    return hasattr(config, "workerinput")


@pytest.fixture(scope="session")
def server():
    """A server with its defaults."""
    with start_server() as running:
        yield running


@pytest.fixture(scope="session")
def migrated(server):
    """A database with the whole schema and the sample data."""
    return server.create_sample_database()


@pytest.fixture
def root(server):
    """The server's administrator, in autocommit."""
    with closing(server.connect()) as connection:
        yield connection
