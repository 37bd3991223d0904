"""What Prometheus reads at `/metrics`: requests, statements, connections.

Where gunicorn runs several workers, each writes its figures to files of its own, in the folder
that PROMETHEUS_MULTIPROC_DIR names, and whichever of them is asked adds all up. The files of a
worker that has ended stay: a counter never goes down. Otherwise, one process tells of itself.
"""

from collections.abc import Callable
from threading import Lock

from flask import Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

from app.http.api import Resource
from app.http.caller import PUBLIC
from app.http.operation import operation

# Of `Database.statistics()`: what is there now. All others are counters.
NOW = frozenset({"idle", "checked_out"})
CLOSED = "closed_"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

Labels = tuple[str, str, str]


class Metrics:
    """The figures of one application. `statistics` is `Database.statistics`."""

    def __init__(self, statistics: Callable[[], dict[str, int]]) -> None:
        self.registry = CollectorRegistry()
        self._statistics = statistics
        self._published: dict[str, int] = {}
        self._lock = Lock()
        # Children by what they count: looking one up by its labels costs more than counting.
        self._requests: dict[Labels, Histogram] = {}
        self._statements: dict[Labels, Counter] = {}
        self._make_requests()
        self._make_connections()

    def _make_requests(self) -> None:
        self.in_flight = Gauge(
            "http_requests_in_flight",
            "Requests being answered now.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time from a request's arrival in the application to its end; _count counts them.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._sent = Counter(
            "database_statements",
            "Statements sent to the database for requests.",
            ["method", "route"],
            registry=self.registry,
        )
        self._waited = Counter(
            "database_connection_wait_seconds",
            "Time that requests waited for a connection: for a free one, its check, its opening.",
            registry=self.registry,
        )

    def _make_connections(self) -> None:
        self._closed = Counter(
            "database_connections_closed",
            "Connections closed by the strategy, by cause.",
            ["cause"],
            registry=self.registry,
        )
        self._events = Counter(
            "database_connection_events",
            "What else happened to connections: opened, discarded, pinged, replayed_read, ...",
            ["event"],
            registry=self.registry,
        )
        self._connections = Gauge(
            "database_connections",
            "Connections of the strategy now.",
            ["state"],
            multiprocess_mode="livesum",
            registry=self.registry,
        )

    def count(self, labels: Labels, seconds: float, statements: int, waited: float) -> None:
        """Count a request that is over; `labels` are its method, route and status."""
        try:
            duration, sent = self._requests[labels], self._statements[labels]
        except KeyError:
            duration = self._requests[labels] = self._duration.labels(*labels)
            sent = self._statements[labels] = self._sent.labels(*labels[:2])
        duration.observe(seconds)
        if statements:
            sent.inc(statements)
            self._waited.inc(waited)
        self._publish()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Write all figures as the Accept header asks; gives the text and its content type."""
        registry = self.registry
        if ValueClass._multiprocess:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        write, content_type = choose_encoder(accept)
        return write(registry), content_type

    def _publish(self) -> None:
        """Pass on what the strategy counted since the last request of this process."""
        with self._lock:
            for name, value in self._statistics().items():
                before = self._published.get(name, 0)
                if value != before:
                    self._published[name] = value
                    # Lower than before: a forked child has begun afresh.
                    self._pass_on(name, value, value - before if value > before else value)

    def _pass_on(self, name: str, value: int, more: int) -> None:
        if name in NOW:
            self._connections.labels(name).set(value)
        elif name.startswith(CLOSED):
            self._closed.labels(name.removeprefix(CLOSED)).inc(more)
        else:
            self._events.labels(name).inc(more)


class MetricsPage(Resource):  # type: ignore[misc]
    """The figures, for Prometheus."""

    @operation(roles=PUBLIC, produces=("text/plain", "application/openmetrics-text"))
    def get(self) -> Response:
        """Give the figures of all workers."""
        metrics: Metrics = current_app.extensions["metrics"]
        text, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return Response(text, content_type=content_type)
