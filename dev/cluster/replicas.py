"""A replica of the service, as a process with an address of its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from dev.launch import launch
from dev.server_binary import last_lines
from dev.system_packages import Stop

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
KEPT = ("PATH", "HOME", "LANG")


def service_environment(settings: Mapping[str, object]) -> dict[str, str]:
    """Return the complete environment of a process of the service; `None` removes a setting."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    given = {name: str(value) for name, value in settings.items() if value is not None}
    return {**kept, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1", **given}


class Replica:
    """One gunicorn with its workers."""

    def __init__(self, number: int, host: str, port: int, folder: Path) -> None:
        self.number = number
        self.name = f"app{number}"
        self.host, self.port = host, port
        self.folder = folder / self.name
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process ID; raises `Stop` if the replica does not run."""
        if self._process is None or self._process.poll() is not None:
            raise Stop(f"{self.name} is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process exists."""
        return self._process is not None and self._process.poll() is None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the replica without waiting for it."""
        metrics = self.folder / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)  # a replica that was killed leaves them
        metrics.mkdir(parents=True)
        command = [sys.executable, "-m", "gunicorn", "-c", str(PROJECT / "gunicorn.conf.py")]
        variables = {
            **environment,
            "HOST": self.host,
            "PORT": str(self.port),
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        }
        with self.log.open("ab") as log:
            # A folder without a .env
            self._process = launch(
                [*command, "wsgi:app"], cwd=str(self.folder), env=variables, output=log
            )

    def wait_until_ready(self) -> None:
        """Wait for 200 from /readyz; raises `Stop` with the log if it does not come in time."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_running:
            if self.is_ready():
                return
            time.sleep(0.1)
        raise Stop(f"{self.name} is not ready; end of its log:\n{last_lines(self.log)}")

    def is_ready(self) -> bool:
        """Return whether /readyz responds with 200."""
        connection = HTTPConnection(self.host, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def stop(self, seconds: float = 40) -> None:
        """Stop gracefully: requests in progress are completed."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill the master and all workers, which have a session of their own."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
