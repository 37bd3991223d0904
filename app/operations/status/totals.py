"""Totals of all requests so far, from the metrics of all workers."""

from dataclasses import dataclass, field

from app.operations.metrics import Metrics
from app.operations.requests import ROUTINE

REQUESTS = "http_requests_total"
DURATIONS = "http_request_duration_seconds_bucket"
STATEMENTS = "database_statements_total"
WAIT = "database_connection_wait_seconds_total"
CLASSES = ("2xx", "3xx", "4xx", "5xx")


@dataclass(slots=True)
class Totals:
    """Requests by class of status, and by duration; without those in `ROUTINE`.

    `durations` maps an upper limit in seconds, infinity included, to the number of requests that
    did not take longer.
    """

    requests: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    durations: dict[float, int] = field(default_factory=dict)
    statements: int = 0
    connection_wait_seconds: float = 0.0

    def add(self, name: str, labels: dict[str, str], value: float) -> None:
        """Add one sample of the metrics."""
        if labels.get("route") in ROUTINE:
            return
        if name == REQUESTS:
            status_class = f"{labels['status'][0]}xx"
            self.requests[status_class] = self.requests.get(status_class, 0) + int(value)
        elif name == DURATIONS:
            limit = float(labels["le"])
            self.durations[limit] = self.durations.get(limit, 0) + int(value)
        elif name == STATEMENTS:
            self.statements += int(value)
        elif name == WAIT:
            self.connection_wait_seconds += value


def read(metrics: Metrics) -> Totals:
    """Return the totals of all workers; raises a `Problem` (503) as a scrape does."""
    totals = Totals()
    with metrics.all_workers() as registry:
        for family in registry.collect():
            for sample in family.samples:
                totals.add(sample.name, sample.labels, sample.value)
    return totals
