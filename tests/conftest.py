"""Scheduling of the test files, one private server per worker, and the shared fixtures.

All tests of a file run in one worker, so that its module fixtures are created once; `tests/faults`
and `tests/cluster` are each scheduled like one file.
"""

import os
from contextlib import closing
from tempfile import TemporaryDirectory

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.support.server import start_server
from tests.support.template import RUN_FOLDER

pytest_plugins = ["tests.support.app_fixtures", "tests.support.browser"]

# Its scenarios run in background processes of one worker.
FAULTS = "tests/faults"
# Its tests share a cluster.
CLUSTER = "tests/cluster"
# Started first, longest first: otherwise one worker would still run one of them at the end.
LONGEST = [
    FAULTS,
    *(
        f"tests/{name}.py"
        for name in (
            "dev/test_new_resource",
            "db/test_commit_tokens",
            "openapi/test_fuzzing",
            "dev/test_demo",
            "operations/status/test_page",
            "deployment/test_lifecycle",
            "operations/test_startup_errors",
            "attack/test_attack",
            "deployment/test_slow_clients",
            "deployment/test_proxies",
            "http/test_hostile_headers",
            "http/test_broken_framing",
            "replication/test_service",
            "replication/test_reads",
            "db/test_galera_partition",
            "db/test_galera_node",
            "operations/test_cluster_nodes",
            "examples/test_worker",
            "examples/test_flask",
            "docs/test_adding_a_resource",
            "reconnection/test_services",
            "openapi/test_swagger_ui",
            "resources/test_conventions_lists",
            "resources/students/test_interrupted_import",
            "resources/test_rows_examined",
            "db/test_session_state",
            "db/test_keep_alive",
            "reconnection/test_outages",
            "db/test_statement_timeouts",
            "db/test_session_identity",
            "operations/test_readiness",
            "db/test_managed_connection",
            "db/test_deadlines",
            "db/test_addresses",
            "db/test_tls",
            "db/test_circuit_breaker",
            "db/test_hidden_faults",
            "operations/test_metrics",
            "operations/test_doctor",
            "resources/test_permissions",
            "http/test_body_limits",
            "auth/test_secrets",
            "sample_data/test_seed",
        )
    ),
]
# Tests whose result does not depend on whether the server is MariaDB or MySQL: they test HTTP, the
# command line, processes, documents or configuration. `make test-mysql` leaves them out.
SERVER_INDEPENDENT = (
    "tests/attack/",
    "tests/auth/test_rate_limits",
    "tests/auth/test_secrets.py",
    "tests/bench/",
    "tests/db/test_certificates.py::test_the_error_for_an_expired",  # MySQL refuses to load it
    "tests/db/test_config.py",
    "tests/db/test_connecting.py",
    "tests/db/test_statements_with_state.py",
    "tests/db/test_strategy_interface.py",
    "tests/deployment/",
    "tests/dev/test_setup.py",
    "tests/docs/",
    "tests/http/",
    "tests/migrations/test_style.py",
    "tests/openapi/",
    "tests/operations/status/test_page.py",
    "tests/operations/test_logs.py",
    "tests/operations/test_metrics.py",
    "tests/operations/test_startup_errors.py",
    "tests/operations/test_tracing.py",
    "tests/operations/test_variable_names.py",
    "tests/resources/test_permissions.py",
    "tests/settings/",
    "tests/test_structure.py",
)


class Scheduling(LoadFileScheduling):
    """Schedules by file, and these folders as a whole."""

    def _split_scope(self, nodeid):
        return scope_of(nodeid)


def scope_of(nodeid):
    """Return what one worker runs as a whole: a file or a folder."""
    file, _, _ = nodeid.partition("::")
    return next((folder for folder in (FAULTS, CLUSTER) if file.startswith(f"{folder}/")), file)


def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)


def pytest_configure(config):
    """Create the folder that the workers share; the main process removes it at the end."""
    config.addinivalue_line("markers", "server_independent: see SERVER_INDEPENDENT in conftest.py")
    if not is_worker(config):
        folder = TemporaryDirectory(prefix="test-run-")
        os.environ[RUN_FOLDER] = folder.name
        config.add_cleanup(folder.cleanup)


@pytest.hookimpl(tryfirst=True)  # before -m selects by markers
def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.nodeid.startswith(SERVER_INDEPENDENT):
            item.add_marker("server_independent")
    if is_worker(config):
        rank = {name: position for position, name in enumerate(LONGEST)}
        items.sort(key=lambda item: rank.get(scope_of(item.nodeid), len(rank)))


def is_worker(config):
    return hasattr(config, "workerinput")


@pytest.fixture(scope="session")
def server():
    """A server with its default options."""
    with start_server() as running:
        yield running


@pytest.fixture(scope="session")
def migrated(server):
    """The URL of a database with the schema and the sample data."""
    assert not server.users, "request `migrated` before creating another sample database"
    return server.create_sample_database()


@pytest.fixture
def root(server):
    """A connection of the administrator, in autocommit."""
    with closing(server.connect()) as connection:
        yield connection
