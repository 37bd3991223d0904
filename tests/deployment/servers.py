"""Servers as parameters of tests, and helpers for a running service."""

import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.service import PROJECT, SERVERS, Service

# As parameters of a test or fixture.
NIGHTLY_ON_GRANIAN = ["gunicorn", pytest.param("granian", marks=pytest.mark.nightly)]
on_both_servers = pytest.mark.parametrize("served_by", SERVERS)
nightly_on_granian = pytest.mark.parametrize("served_by", NIGHTLY_ON_GRANIAN)

LOOKUP = "/?city=London"
UWSGI = str(Path(sys.executable).with_name("uwsgi"))


class Uwsgi(Service):
    """The same application under uWSGI.

    Its HTTP router closes each connection after one response without notice, so use `lookup`.
    """

    def __init__(self, url, *options, **settings):
        super().__init__(url, "uwsgi", **settings)
        self.options = options

    def command(self):
        # uWSGI changes to the folder of the file; .env is not read from there
        return [
            *(UWSGI, "--http", f"127.0.0.1:{self.port}"),
            *("--wsgi-file", str(PROJECT / "wsgi.py"), "--callable", "app"),
            *("--master", "--processes", "1", "--threads", "16"),
            *self.options,
        ]


def lookup(service):
    """Return the status of one request on a new connection."""
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        connection.request("GET", LOOKUP, headers={"Connection": "close"})
        return connection.getresponse().status


def lookups(service, threads, each=1):
    """Return the statuses of `threads` x `each` requests."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda _: lookup(service), range(threads * each)))


def lookups_until(stop, service):
    """Return the statuses of a client that sends requests continuously on one connection."""
    statuses = []
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        while not stop.is_set():
            connection.request("GET", LOOKUP)
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
    return statuses


def booted_workers(service):
    """Return the process IDs of all workers started so far, oldest first."""
    line = r"(?:Booting worker with pid|Spawning worker-\d+ with PID): (\d+)"
    return [int(pid) for pid in re.findall(line, service.log.read_text())]


def is_alive(pid):
    """Return whether the process is running; its parent may not have noticed its end yet."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def until(condition, what, seconds=20):
    """Poll a condition that has no signal."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@contextmanager
def ended(service):
    """Stop the service even if the test fails."""
    try:
        yield service
    finally:
        service.stop()
