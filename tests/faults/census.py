"""What a service holds at a moment: files, threads, memory, and sessions at the server."""

from dataclasses import dataclass
from pathlib import Path

from tests.faults.stage import Stage

# A listening socket's backlog, a log, a pipe may come and go.
FILES_MAY_DIFFER = 8
MEMORY_MAY_GROW_MB = 25.0


@dataclass(frozen=True, slots=True)
class Census:
    """Sums over all workers."""

    workers: int
    files: int
    threads: int
    memory_mb: float
    sessions: int

    def __str__(self) -> str:
        return (
            f"{self.workers} workers, {self.files} files, {self.threads} threads, "
            f"{self.memory_mb:.0f} MB, {self.sessions} sessions at the server"
        )

    def beyond(self, before: "Census") -> list[str]:
        """Say what there is more of, or fewer workers, than before."""
        grown = {
            "files": (self.files - before.files, FILES_MAY_DIFFER),
            "threads": (self.threads - before.threads, 0),
            "MB of memory": (self.memory_mb - before.memory_mb, MEMORY_MAY_GROW_MB),
            "sessions at the server": (self.sessions - before.sessions, 0),
            "workers lost": (before.workers - self.workers, 0),
        }
        return [
            f"{more:g} {what} more than before" for what, (more, may) in grown.items() if more > may
        ]


def count(stage: Stage) -> Census:
    """Count now."""
    pids = _children(stage.service.process.pid)
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return Census(
        workers=len(pids),
        files=sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids),
        threads=sum(_figure(text, "Threads") for text in status),
        memory_mb=sum(_figure(text, "VmRSS") for text in status) / 1024,
        sessions=len(stage.control.sessions()),
    )


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _figure(status: str, name: str) -> int:
    line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
