"""How many connections may be out at once, and how long a caller waits for a place."""

from collections.abc import Callable
from queue import Empty, SimpleQueue


class Places:
    """`take` before a connection is lent, `give` after it came back.

    A queue of tokens: unlike a semaphore's, its verbs are atomic in C.
    """

    def __init__(self, number: int, wait_seconds: float, on_wait: Callable[[], None]) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(number):
            self._free.put(None)
        self._wait_seconds = wait_seconds
        self._on_wait = on_wait

    def take(self) -> None:
        """Take a place, wait for one if need be; raises `TimeoutError`."""
        try:
            self._free.get_nowait()
        except Empty:
            self._on_wait()
            self._wait()

    def give(self) -> None:
        """Give one back, to whoever waits for it."""
        self._free.put(None)

    def _wait(self) -> None:
        try:
            self._free.get(timeout=self._wait_seconds)
        except Empty:
            raise TimeoutError(
                f"every pooled connection stayed busy for {self._wait_seconds:g} s"
            ) from None
