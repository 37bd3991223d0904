"""Named counters, safe with threads."""

from collections import Counter
from threading import Lock


class Counters:
    """`counters.add("pinged")`; `as_dict` returns all values at one moment."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, number: int = 1) -> None:
        """Increase a counter."""
        with self._lock:
            self._counts[name] += number

    def as_dict(self) -> dict[str, int]:
        """Return a copy of the current values."""
        with self._lock:
            return dict(self._counts)
