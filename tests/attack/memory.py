"""Peak memory of the worker processes, as the kernel records it."""

import threading
from contextlib import contextmanager, suppress
from pathlib import Path

INTERVAL_SECONDS = 0.5


class PeakMemory:
    """The largest resident size of each worker in megabytes, by process ID."""

    def __init__(self, master):
        self._master = master
        self.megabytes = {}
        self.ended_workers = 0

    def sample(self):
        """Read the peak of each current worker; workers may end and others start."""
        children = Path(f"/proc/{self._master}/task/{self._master}/children")
        current = children.read_text().split()
        self.ended_workers = len(self.megabytes.keys() - current)
        for pid in current:
            with suppress(FileNotFoundError, ProcessLookupError, StopIteration):
                self.megabytes[pid] = _peak_megabytes(pid)

    @property
    def peak(self):
        return max(self.megabytes.values(), default=0.0)

    def __str__(self):
        return f"peak memory of a worker {self.peak:.0f} MB, {self.ended_workers} workers ended"


@contextmanager
def measuring_memory(master):
    """Sample until the end of the block, so that workers that end are included."""
    memory, ended = PeakMemory(master), threading.Event()
    memory.sample()

    def sample():
        while not ended.wait(INTERVAL_SECONDS):
            memory.sample()

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()
        memory.sample()


def _peak_megabytes(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmHWM:"))  # peak resident set size
    return int(line.split()[1]) / 1024
