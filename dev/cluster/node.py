"""One database server of a cluster, as a process that can be started, stopped, killed and paused.

Subclasses name the command. The server does not run as root: Galera's rsync refuses to, and
tests/cluster tells the packets of the nodes apart by user.
"""

import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pymysql

from dev.launch import launch
from dev.server_binary import environment, last_lines
from dev.system_packages import Stop

START_SECONDS = 120
STOP_SECONDS = 60


class Node(ABC):
    """One server; its data are in `folder`. `uid` and `gid` are the user it runs as."""

    def __init__(  # noqa: PLR0913 - one argument for each property
        self, number: int, *, folder: Path, host: str, port: int, password: str, uid: int, gid: int
    ) -> None:
        self.number = number
        self.name = f"node{number}"
        self.folder = folder
        self.host, self.port = host, port
        self.uid, self.gid = uid, gid
        self.data = folder / "data"
        self.log = folder / "server.log"
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self, *, bootstrap: bool) -> list[str]:
        """Return the command that runs the server; `bootstrap` creates a new cluster."""

    @abstractmethod
    def initialize(self) -> None:
        """Create the data folder."""

    @abstractmethod
    def is_member(self) -> bool:
        """Return whether the server is a complete member of the cluster."""

    def state(self) -> str:
        """Return the server's state in the cluster, for people."""
        if not self.is_running:
            return "down"
        with suppress(pymysql.err.Error):
            return "member" if self.is_member() else "not a member"
        return "does not respond"

    @property
    def pid(self) -> int:
        """The process ID; raises `Stop` if the server does not run."""
        if self._process is None or self._process.poll() is not None:
            raise Stop(f"{self.name} is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process exists, also while it is paused."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, bootstrap: bool = False, wait: bool = True) -> None:
        """Start the server; by default, wait until it is a member of the cluster."""
        if not (self.folder / "initialized").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.initialize()
            (self.folder / "initialized").touch()
        self.own()
        with self.log.open("ab") as log:
            self._process = launch(self.command(bootstrap=bootstrap), output=log, env=environment())
        if wait:
            self.wait_until_member()

    def wait_until_member(self, seconds: float = START_SECONDS) -> None:
        """Wait until the server is a member; raises `Stop` with its log if it is not in time."""
        self.wait_until(self.is_member, "is not a member of the cluster", seconds)

    def wait_until(
        self, condition: Callable[[], bool], failure: str, seconds: float = START_SECONDS
    ) -> None:
        """Wait for a condition on the running server; raises `Stop` with its log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.is_running:
            with suppress(pymysql.err.Error):
                if condition():
                    return
            time.sleep(0.05)
        reason = f"{failure} after {seconds:.0f} s" if self.is_running else "has ended"
        raise Stop(f"{self.name} {reason}; end of its log:\n{last_lines(self.log)}")

    def stop(self) -> None:
        """Shut down cleanly."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)  # in case it is paused
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the process at once, as a power failure would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Stop the process temporarily (SIGSTOP): its connections stay open and do not respond."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Continue a paused process."""
        os.kill(self.pid, signal.SIGCONT)

    def connect(self, **arguments: Any) -> "pymysql.Connection[Any]":
        """Connect as the administrator, in autocommit."""
        return pymysql.connect(
            **{
                "host": self.host,
                "port": self.port,
                "user": "root",
                "password": self._password,
                "autocommit": True,
                "connect_timeout": 2,
                "read_timeout": 30,
                **arguments,
            }
        )

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute one statement on a new connection and return its rows."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def own(self) -> None:
        """Give the folder to the server's user."""
        for folder, _, files in os.walk(self.folder):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, self.uid, self.gid)

    def as_user(self) -> list[str]:
        """Return the start of a command that runs as the server's user.

        If this process is killed, so is the server: a Galera node that is asked to stop while it
        copies data may never end. The user is changed before the signal for the end of the parent
        is set, because the kernel forgets it when a process changes its user; mariadbd's option
        --user would come too late.
        """
        user = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        # Galera sets the policy of its threads to SCHED_OTHER. In a process that was started with
        # SCHED_IDLE, as by `chrt --idle 0 make test`, this requires a capability (sched(7)).
        capability = ["--inh-caps=+sys_nice", "--ambient-caps=+sys_nice"]
        return ["setpriv", *user, *capability, "--pdeathsig=KILL"]
