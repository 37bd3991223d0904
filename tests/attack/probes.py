"""Another client: how long `GET /livez` takes during an attack."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from dev.system_packages import Stop

TIMEOUT_SECONDS = 5
PAUSE_SECONDS = 0.05
CLIENTS = 2
RECOVERY_SECONDS = 60


@dataclass
class Probes:
    """The durations of the successful probes in milliseconds, and the number of failed ones."""

    durations_ms: list = field(default_factory=list)
    failed: int = 0

    def percentile(self, percent):
        """Return a percentile of the durations; infinity if every probe failed."""
        ordered = sorted(self.durations_ms)
        return ordered[(len(ordered) - 1) * percent // 100] if ordered else float("inf")

    def __str__(self):
        return (
            f"{len(self.durations_ms)} probes, {self.failed} failed; p50 {self.percentile(50):.0f}"
            f" ms, p99 {self.percentile(99):.0f} ms, slowest {self.percentile(100):.0f} ms"
        )


@contextmanager
def probing(port):
    """Send probes until the end of the block; yield the results."""
    results, ended = Probes(), threading.Event()
    threads = [
        threading.Thread(target=_probe_until, args=(ended, port, results)) for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield results
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def wait_until_served(port):
    """Wait until the effects of earlier clients are over, so that each phase is measured alone."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not _probe(port):
        if time.monotonic() > deadline:
            raise Stop(f"the service has not answered for {RECOVERY_SECONDS} s")


def _probe_until(ended, port, results):
    while not ended.is_set():
        started = time.perf_counter()
        if _probe(port):
            results.durations_ms.append((time.perf_counter() - started) * 1000)
        else:
            results.failed += 1
        ended.wait(PAUSE_SECONDS)


def _probe(port):
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
