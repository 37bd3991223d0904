"""A real HAProxy in front of a server that closes idle connections."""

import socket
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from dev.keep import free_port
from dev.launch import launch
from dev.system_packages import Stop, find_program

START_SECONDS = 10
CONFIGURATION = """
global
    maxconn 1000
defaults
    mode tcp
    timeout connect 2s
    timeout client {idle_ms}ms
    timeout server {idle_ms}ms
listen database
    bind 127.0.0.1:{port}
    server one 127.0.0.1:{target}
"""


class HAProxy:
    """Clients connect to `port`; after `idle_seconds` without data, both sides are closed."""

    def __init__(
        self, target: int, *, idle_seconds: float = 2, configuration: str = CONFIGURATION
    ) -> None:
        self.port = free_port()
        self._folder = TemporaryDirectory(prefix="haproxy-")
        self._file = Path(self._folder.name, "haproxy.cfg")
        text = configuration.format(port=self.port, target=target, idle_ms=int(idle_seconds * 1000))
        self._file.write_text(text)

    def __enter__(self) -> Self:
        program = find_program("haproxy", package="haproxy", why="a fault test runs HAProxy")
        self._process = launch([program, "-db", "-q", "-f", str(self._file)])
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        self.__exit__()
        raise Stop(f"haproxy is not listening on port {self.port}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
