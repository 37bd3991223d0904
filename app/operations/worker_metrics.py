"""Metrics of the workers' processes, and what the service consists of.

They are read when the metrics are requested, so they cost nothing otherwise.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

# prometheus_client names the files of a worker's live gauges so, and removes them when it ends.
LIVE_GAUGES = "gauge_livesum_*.db"
INFO = "service"


class WorkerMetrics(Collector):
    """`service_info` with `facts` as labels, and `process_*` of each worker with its `pid`.

    `folder` is that of the workers' metrics; without it, this process is the only worker.
    """

    def __init__(self, facts: Mapping[str, str], folder: Path | None) -> None:
        self._facts = facts
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics; on other systems than Linux, those of processes are missing."""
        yield InfoMetricFamily(INFO, "What the service consists of.", value=dict(self._facts))
        families: dict[str, Metric] = {}
        for process_id in self._process_ids():
            for found in ProcessCollector(pid=_returning(process_id), registry=None).collect():
                family = families.setdefault(
                    found.name, Metric(found.name, found.documentation, found.type)
                )
                for sample in found.samples:
                    family.add_sample(sample.name, {"pid": process_id}, sample.value)
        yield from families.values()

    def _process_ids(self) -> list[str]:
        """Return the workers that have served a request; not their parent, which loads the code."""
        if self._folder is None:
            return [str(os.getpid())]
        found = {file.stem.rpartition("_")[2] for file in self._folder.glob(LIVE_GAUGES)}
        return sorted(found - {str(os.getppid())})


def _returning(process_id: str) -> Callable[[], str]:
    return lambda: process_id
