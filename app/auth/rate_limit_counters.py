"""Counters of fixed time windows: in this process, or in a Redis server shared by all workers.

A window starts with the first count for a key and ends after its length; the count then restarts.

`limits` provides the Redis storage. Its memory storage is not used: two threads that meet at the
end of a window lose counts, its sweeper is a thread started up to 100 times a second, and one
`incr` with `get_expiry` takes about twice as long as `add` here (decision 12).
"""

import logging
import time
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple, Protocol

from limits.storage import storage_from_string

log = logging.getLogger(__name__)

SWEEP_SECONDS = 10
# Of one process, about 240 bytes each. Clients choose the keys: user names, and addresses in their
# IPv6 networks.
MAX_KEYS = 10_000
MAX_RETRY_SECONDS = 32
# A Redis server on the same network responds within a millisecond or two.
REDIS_TIMEOUT_SECONDS = 0.5


class Window(NamedTuple):
    """The amount counted for a key in its current window, and the seconds until the window ends."""

    used: int
    seconds_left: float


class Counters(Protocol):
    """A store of counters."""

    def add(self, key: str, amount: int, seconds: int) -> Window:
        """Add to the counter of a key; an amount of 0 only reads it.

        `seconds` is the length of a window that starts now.
        """


def open_counters(url: str) -> Counters:
    """Return the counters for RATE_LIMIT_STORAGE_URL.

    Raises the exceptions of `limits` if the URL is invalid.
    """
    if url.startswith("memory:"):
        return MemoryCounters()
    return RedisCounters(storage_from_string(url, **_redis_options()))


class MemoryCounters:
    """Counters of this process. Expired windows are swept lazily on access.

    If there are `MAX_KEYS`, the oldest tenth is forgotten, and its counts restart.
    Windows end by the monotonic clock, which does not change when the time is set.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: dict[str, tuple[int, float]] = {}  # amount, time at which the window ends
        self._sweep_at = 0.0

    def __len__(self) -> int:
        """Return the number of keys, including those of expired windows until they are swept."""
        return len(self._windows)

    def add(self, key: str, amount: int, seconds: int) -> Window:
        """Add to the counter of a key."""
        now = time.monotonic()
        with self._lock:
            if now >= self._sweep_at:
                self._sweep(now)
            used, ends_at = self._windows.get(key, (0, 0.0))
            if ends_at <= now:
                used, ends_at = 0, now + seconds
            used += amount
            if used:
                if key not in self._windows and len(self._windows) >= MAX_KEYS:
                    self._forget_oldest()
                self._windows[key] = (used, ends_at)
        return Window(used, ends_at - now)

    def _sweep(self, now: float) -> None:
        """Remove expired windows. The caller holds the lock."""
        self._windows = {key: it for key, it in self._windows.items() if it[1] > now}
        self._sweep_at = now + SWEEP_SECONDS

    def _forget_oldest(self) -> None:
        """Remove the keys that were added first. The caller holds the lock."""
        for key in list(islice(self._windows, MAX_KEYS // 10)):
            del self._windows[key]


class RedisCounters:
    """Counters shared by all workers.

    While Redis is unreachable, each worker counts in its own memory and retries Redis after
    1, 2, 4, ... seconds; requests in between do not wait for it.
    """

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self._fallback = MemoryCounters()
        self._retry_at = 0.0
        self._retry_seconds = 1

    def add(self, key: str, amount: int, seconds: int) -> Window:
        """Add to the counter of a key."""
        if time.monotonic() < self._retry_at:
            return self._fallback.add(key, amount, seconds)
        try:
            window = self._add_in_redis(key, amount, seconds)
        except self._storage.base_exceptions as error:
            self._postpone_retry(error)
            return self._fallback.add(key, amount, seconds)
        self._retry_seconds = 1
        return window

    def _add_in_redis(self, key: str, amount: int, seconds: int) -> Window:
        storage = self._storage
        used = storage.incr(key, seconds, amount) if amount else storage.get(key)
        # A key that does not exist has no expiry yet.
        # `get_expiry` adds the current time to Redis' number of seconds.
        seconds_left = storage.get_expiry(key) - time.time() if used else seconds
        return Window(used, min(seconds_left, seconds))

    def _postpone_retry(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + self._retry_seconds
        log.warning(
            "rate limits: storage unreachable (%s); counting in this worker only for %d s",
            type(error).__name__,
            self._retry_seconds,
        )
        self._retry_seconds = min(self._retry_seconds * 2, MAX_RETRY_SECONDS)


def _redis_options() -> dict[str, Any]:
    from redis.backoff import NoBackoff  # noqa: PLC0415 - an optional package
    from redis.retry import Retry  # noqa: PLC0415

    return {
        "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
        "socket_timeout": REDIS_TIMEOUT_SECONDS,
        # One retry, for a pooled connection that Redis has closed. The default is three retries
        # with pauses of up to ten seconds.
        "retry": Retry(NoBackoff(), 1),
    }
