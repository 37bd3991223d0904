"""Totals of all requests so far, from the metrics of all workers.

The files of the workers are added up here: as `/metrics` does it, it would take several times as
long, each second while somebody watches.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

from app.operations import metrics
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


def read(own: metrics.Metrics) -> Totals:
    """Return the totals of all workers, or those of this process if it has no folder."""
    totals = Totals()
    if (folder := metrics.folder()) is not None:
        _read_files(folder, totals)
        return totals
    for family in own.registry.collect():
        for sample in family.samples:
            totals.add(sample.name, sample.labels, sample.value)
    return totals


def _read_files(folder: Path, totals: Totals) -> None:
    sums: defaultdict[str, float] = defaultdict(float)
    for kind in ("counter", "histogram"):
        for file in folder.glob(f"{kind}_*.db"):
            for key, value, _, _ in MmapedDict.read_all_values_from_file(file):  # type: ignore[no-untyped-call]
                sums[key] += value
    for key, value in sums.items():
        name, labels = _parsed(key)
        totals.add(name, labels, value)
    # In the files, each bucket counts only its own requests.
    limits = sorted(totals.durations)
    counts = accumulate(totals.durations[limit] for limit in limits)
    totals.durations = dict(zip(limits, counts, strict=True))


@lru_cache(maxsize=10_000)
def _parsed(key: str) -> tuple[str, dict[str, str]]:
    """Return the name and the labels of a sample."""
    _, name, labels, _ = json.loads(key)
    return name, labels
