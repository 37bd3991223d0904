"""Run the cells of the selected tests in the background, on several environments in parallel."""

import os
from concurrent.futures import wait
from pathlib import Path

import pytest

from tests.faults.environment import Environment, Target
from tests.faults.runner import running_cells
from tests.faults.scenario import Scenario
from tests.faults.variants import VARIANTS
from tests.support.server import FLAVOR

FOLDER = Path(__file__).parent
TARGET = Target(FLAVOR, os.environ.get("MYSQL_ROOT"))


@pytest.fixture(scope="package")
def cells(request):
    """A dictionary of (fault, variant) to the future of its cell."""
    requested = [
        item.callspec.params["cell"]
        for item in request.session.items
        # Other directories may have a parameter of the same name.
        if FOLDER in item.path.parents and "cell" in item.fixturenames
    ]
    with running_cells(dict.fromkeys(requested), TARGET, quick=True) as futures:
        yield futures


@pytest.fixture
def cell(request, cells):
    """The measured cell of a fault and a variant."""
    return cells[request.param].result()


@pytest.fixture(scope="package")
def environment(cells):
    """An environment for tests outside the matrix, created when all cells have finished."""
    wait(cells.values())
    with Environment(TARGET) as environment:
        yield environment


@pytest.fixture(scope="package")
def scenario(environment):
    """`adaptive` with default settings, connected directly to the server; shared by all tests."""
    with Scenario(environment, VARIANTS["adaptive"]) as running:
        yield running


@pytest.fixture
def scenario_behind_proxy(environment):
    """`adaptive` with default settings, connected through a proxy."""
    with Scenario(environment, VARIANTS["adaptive"], route="proxy") as running:
        yield running
