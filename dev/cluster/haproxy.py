"""The proxies of deploy/cluster: their files are used unchanged except for addresses."""

import re
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from dev.launch import launch
from dev.system_packages import Stop, find_program

START_SECONDS = 10
DEPLOY = Path("deploy/cluster")
SOCKET = re.compile(r"/run/haproxy/(\w+\.sock)")


class HAProxy:
    """One proxy with a configuration file of deploy/cluster.

    `addresses` replaces the addresses after `bind` and in `server` lines, such as
    `{"node1:3306": "127.0.1.1:3311", ":3306": "127.0.1.10:3306"}`.
    """

    def __init__(self, name: str, addresses: Mapping[str, str], folder: Path) -> None:
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._file = folder / f"{name}.cfg"
        self._text = (DEPLOY / f"{name}.cfg").read_text()
        self._addresses = addresses
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """The Unix socket for commands."""
        found = SOCKET.search(self._text)
        assert found
        return self.folder / found[1]

    @property
    def pid(self) -> int:
        """The process ID."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the proxy and wait until it takes commands."""
        program = find_program("haproxy", package="haproxy", why="the cluster runs HAProxy")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._configuration())
        self.socket.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = launch([program, "-db", "-f", str(self._file)], output=log)
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if self.socket.exists():
                return
            time.sleep(0.02)
        raise Stop(f"haproxy does not start; see {self.log}")

    def stop(self) -> None:
        """Stop the proxy at once."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def command(self, text: str) -> str:
        """Send a command to the proxy and return its answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(f"{text}\n".encode())
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()

    def states(self, listener: str) -> dict[str, str]:
        """Return the state of each server, such as UP or DOWN."""
        return {
            row["svname"]: row["status"] if row["check_status"] else "not checked yet"
            for row in self._servers(listener)
        }

    def sessions(self, listener: str) -> dict[str, int]:
        """Return the number of connections to each server."""
        return {row["svname"]: int(row["scur"]) for row in self._servers(listener)}

    def wait_for(self, listener: str, count: int, seconds: float = 30) -> None:
        """Wait until this many servers are up; raises `Stop` if they are not in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            states = self.states(listener)
            # "no check" would be a server whose state is unknown.
            if (
                sum(state.startswith("UP") and "/" not in state for state in states.values())
                >= count
            ):
                return
            time.sleep(0.05)
        raise Stop(f"haproxy's servers in {listener} are not up after {seconds:.0f} s: {states}")

    def _servers(self, listener: str) -> list[dict[str, str]]:
        lines = self.command("show stat").splitlines()
        names, *rows = [line.removeprefix("# ").split(",") for line in lines if line]
        found = [dict(zip(names, row, strict=False)) for row in rows]
        own = [row for row in found if row["pxname"] == listener]
        return [row for row in own if row["svname"] not in ("FRONTEND", "BACKEND")]

    def _configuration(self) -> str:
        text = SOCKET.sub(lambda found: str(self.folder / found[1]), self._text)
        for old, new in self._addresses.items():
            pattern = re.compile(rf"(?<=\s){re.escape(old)}(?=\s)")
            if not pattern.search(text):
                raise Stop(f"{self._file.name} does not contain the address {old}")
            text = pattern.sub(new, text)
        return text
