"""What these tests need of a served application beyond `Service`."""

import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.support.service import PROJECT, Service

LOOKUP = "/?city=London"
UWSGI = str(Path(sys.executable).with_name("uwsgi"))


class Uwsgi(Service):
    """The same application under uWSGI.

    Its HTTP router ends each connection after one answer and does not say so: ask by `lookup`.
    """

    def __init__(self, url, *options, **settings):
        super().__init__(url, **settings)
        self.options = options

    def command(self):
        # uWSGI takes the folder of the file for its own: .env is not read from there
        return [
            *(UWSGI, "--http", f"127.0.0.1:{self.port}"),
            *("--wsgi-file", str(PROJECT / "wsgi.py"), "--callable", "app"),
            *("--master", "--processes", "1", "--threads", "16"),
            *self.options,
        ]


def lookup(service):
    """The status of one request, on a connection of its own."""
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        connection.request("GET", LOOKUP, headers={"Connection": "close"})
        return connection.getresponse().status


def lookups(service, threads, each=1):
    """The statuses of `threads` x `each` requests."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda _: lookup(service), range(threads * each)))


def lookups_until(stop, service):
    """The statuses of a client that asks without a pause, on a kept-alive connection."""
    statuses = []
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        while not stop.is_set():
            connection.request("GET", LOOKUP)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
    return statuses


def booted_workers(service):
    """Process ids of all workers gunicorn has started so far, oldest first."""
    booted = re.findall(r"Booting worker with pid: (\d+)", service.log.read_text())
    return [int(pid) for pid in booted]


def until(condition, what, seconds=20):
    """Wait for something that nothing signals."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)


@contextmanager
def ended(service):
    """Make sure that nothing is left, whatever the test did to it."""
    try:
        yield service
    finally:
        service.stop()
