"""Measure one load: requests, latencies, CPU, statements, connections and memory."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

COUNTERS = ("Questions", "Connections", "Com_admin_commands")
TICKS = os.sysconf("SC_CLK_TCK")
LONGEST_SECONDS = 30

# Prints the percentiles in microseconds and the number of failures.
REPORT = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


@dataclass(frozen=True)
class Sample:
    """Results of one load; times in microseconds, memory in megabytes."""

    rate: float
    p50: float
    p99: float
    failed: int
    worker_cpu: float
    server_cpu: float
    statements: float
    connections: float
    pings: float
    memory: float


def load(url: str, *, clients: int, seconds: int, headers: dict[str, str], script: str = ""):
    """Run wrk; return requests, seconds, p50 and p99 in microseconds, and failures."""
    path = Path(os.environ.get("TMPDIR", "/tmp"), f"wrk-{os.getpid()}.lua")
    path.write_text(script + REPORT)
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", str(path)]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    try:
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    finally:
        path.unlink()
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    requests, micros, p50, p99, failed = map(int, found.groups())
    if not requests and seconds < LONGEST_SECONDS:  # no response yet on a busy machine
        longer = seconds * 4
        return load(url, clients=clients, seconds=longer, headers=headers, script=script)
    if not requests or failed > requests // 100:
        raise RuntimeError(f"{url}: {failed} of {requests} requests failed\n{done.stdout}")
    return requests, micros / 1e6, p50, p99, failed


class Meter:
    """Measures a contender under load; `root` is an administrator's connection."""

    def __init__(self, root, server_pid: int, worker_pid: int) -> None:
        self._root = root
        self._server = server_pid
        self._worker = worker_pid

    def sample(self, url: str, **how) -> Sample:
        """Run a load and return the cost per request."""
        before = self._counters()
        requests, seconds, p50, p99, failed = load(url, **how)
        after = self._counters()
        used = {name: after[name] - before[name] for name in before}
        return Sample(
            rate=requests / seconds,
            p50=p50,
            p99=p99,
            failed=failed,
            worker_cpu=used["worker"] / requests * 1e6,
            server_cpu=used["server"] / requests * 1e6,
            # the second SHOW STATUS is a statement itself
            statements=(used["Questions"] - 1) / requests,
            connections=used["Connections"],
            pings=used["Com_admin_commands"] / requests,
            memory=memory(self._worker),
        )

    def _counters(self) -> dict[str, float]:
        with self._root.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS WHERE Variable_name IN %s", (COUNTERS,))
            found = {name: float(value) for name, value in cursor.fetchall()}
        return {**found, "worker": cpu(self._worker), "server": cpu(self._server)}


def family(pid: int) -> list[int]:
    """Return a process id and those of all descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def cpu(pid: int) -> float:
    """Return the CPU seconds used by a process and its descendants."""
    total = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory(pid: int) -> float:
    """Return the proportional set size in MB of the largest process, the worker."""
    sizes = []
    for one in family(pid):
        text = Path(f"/proc/{one}/smaps_rollup").read_text()
        sizes.append(sum(int(n) for n in re.findall(r"^(?:Pss):\s+(\d+)", text, re.M)))
    return max(sizes) / 1024
