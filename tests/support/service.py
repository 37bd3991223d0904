"""The service as it is deployed: a server in its own process, with a clean environment."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from dev.keep import free_port
from dev.launch import launch

PROJECT = Path(__file__).parents[2]
CONFIGURATION = PROJECT / "gunicorn.conf.py"
SERVERS = ("gunicorn", "granian")
START_SECONDS = 120  # usually two; more on a busy machine
SECRET = "the secret key of the tests, which is used nowhere else in the project"
# All requests of the tests come from one address.
UNLIMITED = {
    "RATE_LIMIT": "100000/second",
    "SIGN_IN_RATE_LIMIT": "100000/second",
    "SUCCESSFUL_SIGN_IN_RATE_LIMIT": "100000/second",
}


def environment(url, **settings):
    """Return the complete environment of a service, without the developer's own variables."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": url,
        "SECRET_KEY": SECRET,
        **UNLIMITED,
        **{name: str(value) for name, value in settings.items() if value is not None},
    }


class Service:
    """The process of gunicorn or granian, and its log."""

    application = "wsgi:app"
    configuration = CONFIGURATION  # of gunicorn

    def __init__(self, url, served_by="gunicorn", **settings):
        self.served_by = served_by
        self.port = settings.pop("PORT", None) or free_port()
        self.folder = TemporaryDirectory(prefix="service-")  # without a .env
        self.log = Path(self.folder.name, "log")
        self.settings = {"PORT": self.port, **settings}
        self.environment = environment(url, **self.settings)
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", timeout=60, trust_env=False, verify=False
        )

    def command(self):
        gunicorn = ["gunicorn", "-c", str(self.configuration)]
        server = ["server.granian"] if self.served_by == "granian" else gunicorn
        return [sys.executable, "-m", *server, self.application]

    def start(self):
        with self.log.open("wb") as log:
            self.process = launch(
                self.command(), cwd=self.folder.name, env=self.environment, output=log
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.client.get("/livez")
                return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the service did not start:\n{self.log.read_text()}")

    def stop(self):
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.folder.cleanup()

    def get(self, path, **options):
        return self.client.get(path, **options)

    def burst(self, path, threads=8, each=4, **options):
        """Send `threads` x `each` requests at the same time; returns the responses."""

        def one_client(_):
            # Without `verify=False`, each client spends 40 ms of CPU on loading CA certificates.
            with httpx.Client(
                base_url=self.client.base_url, timeout=60, trust_env=False, verify=False
            ) as client:
                return [client.get(path, **options) for _ in range(each)]

        with ThreadPoolExecutor(threads) as pool:
            return list(chain.from_iterable(pool.map(one_client, range(threads))))


@contextmanager
def serving(url, served_by="gunicorn", **settings):
    """Run a service with these settings; yields it once it answers."""
    service = Service(url, served_by, **settings)
    try:
        yield service.start()
    finally:
        service.stop()
