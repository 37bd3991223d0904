"""The cells that the chosen tests ask for, run in the background on lanes of their own."""

import os
from concurrent.futures import wait
from pathlib import Path

import pytest

from tests.faults.lane import Lane, Place
from tests.faults.lanes import running
from tests.faults.stage import Stage
from tests.faults.variants import VARIANTS
from tests.support.server import FLAVOR

HERE = Path(__file__).parent
PLACE = Place(FLAVOR, os.environ.get("MYSQL_ROOT"))


@pytest.fixture(scope="package")
def cells(request):
    """`cells[fault, variant].result()`: what was measured."""
    wanted = [
        item.callspec.params["cell"]
        for item in request.session.items
        # Elsewhere a parameter of that name is something else.
        if HERE in item.path.parents and "cell" in item.fixturenames
    ]
    with running(dict.fromkeys(wanted), PLACE, quick=True) as found:
        yield found


@pytest.fixture
def cell(request, cells):
    """One fault against one strategy, as (fault, variant)."""
    return cells[request.param].result()


@pytest.fixture(scope="package")
def lane(cells):
    """A server for what is no cell, once those are done."""
    wait(cells.values())
    with Lane(PLACE) as alone:
        yield alone


@pytest.fixture
def stage(lane):
    """`adaptive` with its defaults, directly on the server."""
    with Stage(lane, VARIANTS["adaptive"]) as ready:
        yield ready


@pytest.fixture
def behind_proxy(lane):
    """`adaptive` with its defaults, behind a proxy."""
    with Stage(lane, VARIANTS["adaptive"], way="proxy") as ready:
        yield ready
