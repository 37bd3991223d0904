"""Snapshot of the resources a service holds: files, threads, memory and server sessions."""

from dataclasses import dataclass
from pathlib import Path

from tests.faults.scenario import Scenario

# Log files, pipes and sockets of current requests come and go.
MAX_ADDITIONAL_FILES = 8
MAX_ADDITIONAL_MEMORY_MB = 25.0


@dataclass(frozen=True, slots=True)
class ResourceSnapshot:
    """Resource usage, summed over all worker processes."""

    workers: int
    files: int
    threads: int
    memory_mb: float
    sessions: int

    def __str__(self) -> str:
        return (
            f"{self.workers} workers, {self.files} open files, {self.threads} threads, "
            f"{self.memory_mb:.0f} MB, {self.sessions} server sessions"
        )

    def excess_over(self, before: "ResourceSnapshot") -> list[str]:
        """Describe each resource that grew beyond its limit since `before`, and lost workers."""
        growth = {
            "open files": (self.files - before.files, MAX_ADDITIONAL_FILES),
            "threads": (self.threads - before.threads, 0),
            "MB of memory": (self.memory_mb - before.memory_mb, MAX_ADDITIONAL_MEMORY_MB),
            "server sessions": (self.sessions - before.sessions, 0),
            "lost workers": (before.workers - self.workers, 0),
        }
        return [
            f"{more:g} more {what} than at the start"
            for what, (more, limit) in growth.items()
            if more > limit
        ]


def take_snapshot(scenario: Scenario) -> ResourceSnapshot:
    """Measure the current resource usage of the service."""
    pids = _children(scenario.service.process.pid)
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return ResourceSnapshot(
        workers=len(pids),
        files=sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids),
        threads=sum(_status_value(text, "Threads") for text in status),
        memory_mb=sum(_status_value(text, "VmRSS") for text in status) / 1024,
        sessions=len(scenario.admin.sessions()),
    )


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _status_value(status: str, name: str) -> int:
    line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
