"""Contenders: the service with each strategy, and the peers, each in its own process."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from app.db.url import DatabaseUrl
from dev.launch import launch
from tests.support.service import environment, free_port

THREADS = 16


@dataclass(frozen=True)
class Contender:
    """An application, how it is started, and its paths."""

    name: str
    module: str
    server: str = "gunicorn"
    settings: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    def command(self, port: int) -> list[str]:
        """Return the command: one worker process with 16 threads or an event loop."""
        if self.server == "uvicorn":
            return [
                *[sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning"],
                *["--loop", "uvloop", "--http", "httptools", "--port", str(port), self.module],
            ]
        if self.server == "service":
            return [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", self.module]
        return [
            *[sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", str(THREADS)],
            *["--worker-tmp-dir", "/dev/shm", "--no-control-socket"],
            *["--bind", f"127.0.0.1:{port}", self.module],
        ]


def service(strategy: str, name: str = "", **settings: str) -> Contender:
    """Return the service as shipped, with one worker of 16 threads and these settings."""
    settings = {
        "WEB_CONCURRENCY": "1",
        "THREADS": str(THREADS),
        # All load comes from one client. The limiter still counts, but never rejects.
        "RATE_LIMIT": "1000000/second",
        **settings,
    }
    paths = {"city": "/?city=London", "one": "/v1/students/{key}", "page": "/v1/students?limit=100"}
    name = name or strategy.rpartition(":")[2]
    return Contender(name, "wsgi:app", "service", {"DB_STRATEGY": strategy, **settings}, paths)


PEER_PATHS = {"city": "/city?city=London", "one": "/students/{key}", "page": "/students?limit=100"}
ONLY_CITY = {"city": PEER_PATHS["city"]}

PEERS = [
    Contender("PyMySQL per request", "bench.peers.per_request:app", paths=ONLY_CITY),
    Contender("DBUtils PersistentDB", "bench.peers.dbutils:app", paths=ONLY_CITY),
    Contender("Flask-SQLAlchemy", "bench.peers.flask_sqlalchemy:app", paths=PEER_PATHS),
    Contender(
        "FastAPI + SQLAlchemy", "bench.peers.fastapi_sqlalchemy:app", "uvicorn", {}, PEER_PATHS
    ),
    Contender("FastAPI + asyncmy", "bench.peers.fastapi_asyncmy:app", "uvicorn", {}, PEER_PATHS),
    Contender("Flask without a database", "bench.peers.ceiling:app", paths=PEER_PATHS),
]


@dataclass(frozen=True)
class Running:
    """A running contender."""

    contender: Contender
    base: str
    pid: int
    headers: dict[str, str]

    def url(self, what: str, key: int = 1) -> str:
        """Return the URL of an operation."""
        return self.base + self.contender.paths[what].format(key=key)


@contextmanager
def running(contender: Contender, url: str, sign_in) -> Iterator[Running]:
    """Start a contender on a database; `sign_in(base)` returns the headers for the service."""
    port, database = free_port(), DatabaseUrl.parse(url)
    peers = {
        "DB_HOST": database.host,
        "DB_PORT": str(database.port),
        "DB_USER": database.user,
        "DB_PASSWORD": database.password,
        "DB_NAME": database.name,
    }
    with TemporaryDirectory(prefix="bench-") as folder, Path(folder, "log").open("wb") as log:
        process = launch(
            contender.command(port),
            env={**environment(url, PORT=port, **contender.settings), **peers},
            output=log,
        )
        base = f"http://127.0.0.1:{port}"
        try:
            wait_until_up(base, process, Path(folder, "log"))
            headers = sign_in(base) if contender.server == "service" else {}
            yield Running(contender, base, process.pid, headers)
        finally:
            process.terminate()
            process.wait()


def wait_until_up(base: str, process: subprocess.Popen, log: Path) -> None:
    """Wait until the contender sends any response."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(Request(base + "/livez"), timeout=5).close()
        except HTTPError:
            return
        except (URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{base} does not respond:\n{log.read_text()}")
