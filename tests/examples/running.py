"""One version of an example in a process of its own, and the faults that its connections meet."""

import os
import signal
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from dev.launch import launch
from tests.db.relay import Relay, through
from tests.support.database import connections_of, kill_all, query, wait_until_closed
from tests.support.service import PROJECT

EXAMPLES = PROJECT / "examples"
VERSIONS = ("before", "after")
FAULTS = ("idle past wait_timeout", "KILL", "dropped TCP connection")
START_SECONDS = 60  # a busy machine


class Example:
    """A running example; its log, and a connection of root's to its database."""

    def __init__(self, server, folder):
        self._server = server
        self.folder = folder
        self.log = folder / "log"
        self.database_url = server.create_database()
        self.root = server.connect(self.database_url)
        query(self.root, (EXAMPLES / "note.sql").read_text())

    def cause(self, fault, relay, idle_seconds=0.0):
        """Let the fault happen; returns when it has."""
        if fault == "KILL":
            kill_all(self.root, self.database_url)
        elif fault == "dropped TCP connection":
            relay.drop()
            time.sleep(idle_seconds)
        else:
            victims = connections_of(self.root, self.database_url)
            wait_until_closed(victims, self.root, self.database_url)

    def log_text(self):
        return self.log.read_text()


@contextmanager
def wait_timeout_for(fault, root):
    """Let the server close connections that are opened in the block after two idle seconds."""
    (before,) = query(root, "SELECT @@GLOBAL.wait_timeout")[0]
    if fault == "idle past wait_timeout":
        query(root, "SET GLOBAL wait_timeout = 2")
    try:
        yield
    finally:
        query(root, "SET GLOBAL wait_timeout = %s", (before,))


@contextmanager
def running(server, folder, name, command, fault, **environment):
    """Run a command in an example's folder; yields the `Example` and the network it uses."""
    example = Example(server, folder)
    with (
        closing(example.root),
        Relay(server.port) as relay,
        wait_timeout_for(fault, example.root),
        example.log.open("wb") as log,
    ):
        url = through(relay, example.database_url) if "TCP" in fault else example.database_url
        process = launch(
            [sys.executable, "-m", *command],
            cwd=str(EXAMPLES / name),
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(installed_package(folder)),
                "PYTHONUNBUFFERED": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "DATABASE_URL": url,
                **environment,
            },
            output=log,
        )
        try:
            yield example, relay
        finally:
            stop(process)


def stop(process):
    """Kill a process and its children: Celery would take five seconds to end in order."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def installed_package(folder):
    """A folder for PYTHONPATH with the database package under the name it has when installed."""
    packages = folder / "packages"
    packages.mkdir()
    (packages / "mysql_keepalive").symlink_to(PROJECT / "app/db")
    return packages


def wait_for(condition, what, example):
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what}:\n{example.log_text()}"
        time.sleep(0.05)


def sources():
    return sorted(Path(EXAMPLES).glob("*/*.py"))
