"""Limits how many connections are in use at once, and how long a caller waits for a slot."""

from collections.abc import Callable
from queue import Empty, SimpleQueue

from ...clock import Deadline

# Interval at which waiting callers check again whether waiting is futile.
CHECK_INTERVAL_SECONDS = 0.1


class PoolSlots:
    """`acquire` before a checkout, `release` after the checkin.

    A queue of tokens: unlike a semaphore's, its methods are atomic in C.
    `on_wait` is called once by each caller that has to wait. While `is_futile`
    returns true, hardly any slot will become free soon: then only the first
    `max_waiting` callers (None is all) keep waiting, and the others fail.
    """

    def __init__(
        self,
        number: int,
        timeout_seconds: float,
        *,
        on_wait: Callable[[], None],
        is_futile: Callable[[], bool],
        max_waiting: int | None,
    ) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(number):
            self._free.put(None)
        self._timeout_seconds = timeout_seconds
        self._on_wait = on_wait
        self._is_futile = is_futile
        self._max_waiting = max_waiting
        # append, remove and index of a list are atomic
        self._waiting: list[Deadline] = []

    def acquire(self, timeout_seconds: float | None = None) -> None:
        """Take a slot, waiting for one if necessary; raises `TimeoutError`.

        The default timeout is that of all callers.
        """
        try:
            self._free.get_nowait()
        except Empty:
            self._on_wait()
            self._wait(self._timeout_seconds if timeout_seconds is None else timeout_seconds)

    def release(self) -> None:
        """Return a slot, to a caller that waits for it if there is one."""
        self._free.put(None)

    def _wait(self, timeout_seconds: float) -> None:
        deadline = Deadline(timeout_seconds)
        self._waiting.append(deadline)
        try:
            while self._may_wait(deadline):
                try:
                    timeout = min(deadline.remaining(), CHECK_INTERVAL_SECONDS)
                    return self._free.get(timeout=timeout)
                except Empty:
                    if deadline.is_over():
                        raise TimeoutError(
                            f"every pooled connection stayed in use for {timeout_seconds:g} s"
                        ) from None
        finally:
            self._waiting.remove(deadline)
        raise TimeoutError(
            "every pooled connection is in use, and the server accepts no new connection"
        )

    def _may_wait(self, deadline: Deadline) -> bool:
        if self._max_waiting is None:
            return True
        return self._waiting.index(deadline) < self._max_waiting or not self._is_futile()
