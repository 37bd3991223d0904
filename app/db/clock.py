"""The clock that ages connections, and deadlines by it."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds that only go forward, and go on while the machine sleeps.

    CLOCK_MONOTONIC stands still during a suspend; a server's `wait_timeout`
    does not.
    """
    return time.clock_gettime(_CLOCK)


class Deadline:
    """The moment by which all the steps that share it have to be over."""

    __slots__ = ("_at", "set_at")

    def __init__(self, seconds: float) -> None:
        self.set_at = now()
        self._at = self.set_at + seconds

    def is_over(self) -> bool:
        """Tell whether the moment has come."""
        return now() >= self._at

    def remaining(self) -> float:
        """Seconds left, never 0: a socket takes that for "do not wait at all"."""
        return max(self._at - now(), 0.001)
