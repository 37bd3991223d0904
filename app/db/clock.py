"""The clock used for connection ages, and deadlines measured by it."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Return monotonic seconds that include the time the machine was suspended.

    CLOCK_MONOTONIC stops during a suspend; a server's `wait_timeout` does not.
    """
    return time.clock_gettime(_CLOCK)


class Deadline:
    """A point in time shared by all the steps that must finish before it."""

    __slots__ = ("_at", "set_at")

    def __init__(self, seconds: float) -> None:
        self.set_at = now()
        self._at = self.set_at + seconds

    def is_over(self) -> bool:
        """Return whether the deadline has passed."""
        return now() >= self._at

    def remaining(self) -> float:
        """Return the seconds left, never 0: a socket timeout of 0 means non-blocking."""
        return max(self._at - now(), 0.001)
