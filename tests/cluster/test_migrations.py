"""Migrations that start at the same time through different nodes, or after a killed one."""

import re
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from dev.names import DATABASE
from tests.support.database import query
from tests.support.service import PROJECT, environment

pytestmark = pytest.mark.nightly


@pytest.fixture
def url_of(galera):
    """A function that returns the URL of a new database on a node, for the schema's owner."""
    name = f"{DATABASE}_migrated"
    with closing(galera.nodes[1].connect()) as root:
        query(root, f"DROP DATABASE IF EXISTS {name}")
        query(root, f"CREATE DATABASE {name}")
        query(root, f"GRANT ALL PRIVILEGES ON {name}.* TO owner@'%'")
        yield lambda number: galera.node_url(number, user="owner").replace(
            f"/{DATABASE}", f"/{name}"
        )
        query(root, f"DROP DATABASE {name}")


def start_upgrade(url):
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=PROJECT,
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("attempt", range(6))
def test_two_migrations_through_two_nodes_take_turns(url_of, attempt):
    both = [start_upgrade(url_of(number)) for number in (1, 2)]

    output = [process.communicate(timeout=300)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], output
    steps = re.findall(r"applied (\d+)", "".join(output))
    assert sorted(steps) == sorted(set(steps))


def test_another_node_takes_over_from_a_killed_migration(url_of):
    with start_upgrade(url_of(1)) as killed:
        line = next(line for line in killed.stderr if "applied 0010" in line)
        killed.send_signal(signal.SIGKILL)
    start = time.monotonic()

    with start_upgrade(url_of(2)) as second:
        output = second.communicate(timeout=300)[1]

    assert line
    assert second.returncode == 0, output
    assert "another migration of" in output
    assert "schema is current" in output
    assert time.monotonic() - start > 15  # it cannot know at once that the holder has ended


def test_the_setting_that_a_node_lacks_is_a_message_of_one_line(galera, url_of):
    """Galera requires it even without a binary log."""
    node = galera.nodes[1]
    node.query("SET GLOBAL log_bin_trust_function_creators = 0")
    try:
        with start_upgrade(url_of(1)) as process:
            output, errors = process.communicate(timeout=300)
    finally:
        node.query("SET GLOBAL log_bin_trust_function_creators = 1")

    assert process.returncode != 0
    (line,) = [line for line in (output + errors).splitlines() if "FAILED" in line]
    assert "SET GLOBAL log_bin_trust_function_creators = 1, in a cluster on every node" in line
    assert "Traceback" not in output + errors
