"""Prometheus metrics at `/metrics`: requests, statements and connections.

If there are several workers, each writes its values to its own files in PROMETHEUS_MULTIPROC_DIR,
and the worker that serves `/metrics` adds them up. The files of ended workers remain, except for
those of gauges, so that counters never decrease. Without that variable, a process reports only its
own values.

Only local processes may read them, or clients with METRICS_TOKEN (`app.operations.metrics_access`).
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

from flask import Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from app.http.api import Resource
from app.http.caller import PUBLIC
from app.http.context import settings
from app.http.operation import operation
from app.http.problems import Problem
from app.operations import ended_processes, metrics_access
from app.operations.worker_metrics import WorkerMetrics

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# The gauges in `Database.statistics()`; all others are counters.
GAUGES = frozenset({"idle", "checked_out", "replica_idle", "replica_checked_out"})
REPLICA_USABLE = "replica_usable"
CLOSED_PREFIX = "closed_"
BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# A scrape creates about 2 KB of objects for each sample of each worker, so the memory of concurrent
# scrapes would add up.
MAX_SCRAPE_WAIT_SECONDS = 5

Labels = tuple[str, str, str]


def folder() -> Path | None:
    """Return the folder of the workers' files; None if this process reports only for itself."""
    name = os.environ.get(MULTIPROCESS_VARIABLE)
    return Path(name) if name else None


class Metrics:
    """The metrics of one application.

    `statistics` is `Database.statistics`, `facts` are the labels of `service_info`.
    """

    def __init__(self, statistics: Callable[[], dict[str, int]], facts: Mapping[str, str]) -> None:
        self.registry = CollectorRegistry()
        self._workers = WorkerMetrics(facts, folder())
        self.registry.register(self._workers)
        self._statistics = statistics
        self._published: dict[str, int] = {}
        self._lock = Lock()
        self._scraping = Lock()
        # Cached by label values: the library's lookup of a labeled child costs more than counting.
        self._children: dict[Labels, tuple[Counter, Histogram, Counter]] = {}
        self._create_request_metrics()
        self._create_connection_metrics()

    def _create_request_metrics(self) -> None:
        self.in_flight = Gauge(
            "http_requests_in_flight",
            "Requests being processed.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self._requests = Counter(
            "http_requests",
            "Completed requests.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        # Without the status: clients choose how many statuses occur, and each would have a sample
        # for each bucket.
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time from a request's arrival in the application to its end.",
            ["method", "route"],
            buckets=BUCKETS_SECONDS,
            registry=self.registry,
        )
        self._sent = Counter(
            "database_statements",
            "Statements sent to the database by requests.",
            ["method", "route"],
            registry=self.registry,
        )
        self._waited = Counter(
            "database_connection_wait_seconds",
            "Time requests spent acquiring connections: waiting, checking and opening.",
            registry=self.registry,
        )

    def _create_connection_metrics(self) -> None:
        self._closed = Counter(
            "database_connections_closed",
            "Connections closed by the strategy, by cause.",
            ["cause"],
            registry=self.registry,
        )
        self._events = Counter(
            "database_connection_events",
            "Other events of connections: opened, discarded, pinged, retried_read, ...",
            ["event"],
            registry=self.registry,
        )
        self._connections = Gauge(
            "database_connections",
            "Current connections of the strategy.",
            ["state"],
            multiprocess_mode="livesum",
            registry=self.registry,
        )

        self._replica_usable = Gauge(
            "database_replica_usable",
            "Processes that use the read replica at present.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )

    def count(self, labels: Labels, seconds: float, statements: int, waited: float) -> None:
        """Count a completed request; `labels` are its method, route and status."""
        try:
            requests, duration, sent = self._children[labels]
        except KeyError:
            requests, duration, sent = self._children[labels] = (
                self._requests.labels(*labels),
                self._duration.labels(*labels[:2]),
                self._sent.labels(*labels[:2]),
            )
        requests.inc()
        duration.observe(seconds)
        if statements:
            sent.inc(statements)
            self._waited.inc(waited)
        self._publish()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics in the format of the Accept header, and its content type.

        One call at a time; raises a `Problem` (503) after `MAX_SCRAPE_WAIT_SECONDS`.
        """
        registry = self.registry
        write, content_type = choose_encoder(accept)
        if not self._scraping.acquire(timeout=MAX_SCRAPE_WAIT_SECONDS):
            detail = "Too many simultaneous requests for the metrics."
            raise Problem(503, detail, kind="busy", headers=[("Retry-After", "1")])
        try:
            if (path := folder()) is not None:
                ended_processes.remove_files(path)
                registry = CollectorRegistry()
                MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
                registry.register(self._workers)
            return write(registry), content_type
        finally:
            self._scraping.release()

    def _publish(self) -> None:
        """Add what the strategy counted since the last request of this process."""
        with self._lock:
            for name, value in self._statistics().items():
                before = self._published.get(name, 0)
                if value != before:
                    self._published[name] = value
                    # A lower value means that a forked child has reset its counters.
                    self._add(name, value, value - before if value > before else value)

    def _add(self, name: str, value: int, more: int) -> None:
        if name in GAUGES:
            self._connections.labels(name).set(value)
        elif name == REPLICA_USABLE:
            self._replica_usable.set(value)
        elif name.startswith(CLOSED_PREFIX):
            self._closed.labels(name.removeprefix(CLOSED_PREFIX)).inc(more)
        else:
            self._events.labels(name).inc(more)


class MetricsPage(Resource):  # type: ignore[misc]
    """The metrics page for Prometheus."""

    @operation(
        roles=PUBLIC,
        produces=("text/plain", "application/openmetrics-text"),
        problems=(403, 503),
    )
    def get(self) -> Response:
        """Return the metrics of all workers.

        Available to processes on the same machine, or, if METRICS_TOKEN is set, to clients that
        send it as `Authorization: Bearer`; 403 for all others.
        """
        metrics_access.check(settings().metrics_token)
        metrics: Metrics = current_app.extensions["metrics"]
        text, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return Response(text, content_type=content_type)
