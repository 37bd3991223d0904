"""Named counters that lose nothing between threads."""

from collections import Counter
from threading import Lock


class Counters:
    """`counters.add("pinged")`; read all at once by `as_dict`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, number: int = 1) -> None:
        """Count one more, or several."""
        with self._lock:
            self._counts[name] += number

    def as_dict(self) -> dict[str, int]:
        """Give a copy of the figures as they stand."""
        with self._lock:
            return dict(self._counts)
