"""Counts within fixed windows of time: in this process, or in a Redis that all workers share.

A window begins with the first thing counted and ends so many seconds later, with all its counts.
"""

import logging
import time
from threading import Lock
from typing import Any, NamedTuple, Protocol

from limits.storage import storage_from_string

log = logging.getLogger(__name__)

SWEEP_SECONDS = 10
LONGEST_PAUSE_SECONDS = 32
# A Redis on the same network answers within a millisecond or two.
REDIS_TIMEOUT_SECONDS = 0.5


class Window(NamedTuple):
    """What was counted for a key, and when that is forgotten, in seconds of the Unix time."""

    counted: int
    ends_at: float


class Windows(Protocol):
    """A place to count in."""

    def add(self, key: str, number: int, seconds: int) -> Window:
        """Count so many more for a key, none to have a look; `seconds` is a new window's length."""


def windows_at(url: str) -> Windows:
    """Give the place of RATE_LIMIT_STORAGE_URL; raises what `limits` raises for a bad one."""
    if url.startswith("memory:"):
        return OwnWindows()
    return SharedWindows(storage_from_string(url, **_redis_options()))


class OwnWindows:
    """Of this process; what is over is thrown away now and then, by whoever comes by."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: dict[str, Window] = {}
        self._sweep_at = 0.0

    def add(self, key: str, number: int, seconds: int) -> Window:
        """Count so many more."""
        now = time.time()
        with self._lock:
            if now >= self._sweep_at:
                self._sweep(now)
            counted, ends_at = self._windows.get(key, (0, 0.0))
            if ends_at <= now:
                counted, ends_at = 0, now + seconds
            found = Window(counted + number, ends_at)
            if found.counted:
                self._windows[key] = found
        return found

    def _sweep(self, now: float) -> None:
        self._windows = {key: it for key, it in self._windows.items() if it.ends_at > now}
        self._sweep_at = now + SWEEP_SECONDS


class SharedWindows:
    """Of all workers. Where Redis is away each of them counts by itself.

    It is asked again after 1, 2, 4, ... seconds; meanwhile nobody waits for it.
    """

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self._own = OwnWindows()
        self._again_at = 0.0
        self._pause_seconds = 1

    def add(self, key: str, number: int, seconds: int) -> Window:
        """Count so many more."""
        if time.monotonic() < self._again_at:
            return self._own.add(key, number, seconds)
        try:
            found = self._add(key, number, seconds)
        except self._storage.base_exceptions as error:
            self._pause(error)
            return self._own.add(key, number, seconds)
        self._pause_seconds = 1
        return found

    def _add(self, key: str, number: int, seconds: int) -> Window:
        storage = self._storage
        counted = storage.incr(key, seconds, number) if number else storage.get(key)
        # A key that is not there has no end yet.
        ends_at = storage.get_expiry(key) if counted else time.time() + seconds
        return Window(counted, ends_at)

    def _pause(self, error: Exception) -> None:
        self._again_at = time.monotonic() + self._pause_seconds
        log.warning(
            "rate limits: storage unreachable (%s); this worker counts by itself for %d s",
            type(error).__name__,
            self._pause_seconds,
        )
        self._pause_seconds = min(self._pause_seconds * 2, LONGEST_PAUSE_SECONDS)


def _redis_options() -> dict[str, Any]:
    from redis.backoff import NoBackoff  # noqa: PLC0415 - an optional package
    from redis.retry import Retry  # noqa: PLC0415

    return {
        "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
        "socket_timeout": REDIS_TIMEOUT_SECONDS,
        # Once more, for a connection that Redis has closed meanwhile; its own way is to try
        # three times with pauses of up to ten seconds.
        "retry": Retry(NoBackoff(), 1),
    }
