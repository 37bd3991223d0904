"""How many connections may be out at once, and how long a caller waits for a place."""

from collections.abc import Callable
from queue import Empty, SimpleQueue

from app.db.clock import Deadline

# How often who waits asks whether it still makes sense to.
LOOK_EVERY_SECONDS = 0.25


class Places:
    """`take` before a connection is lent, `give` after it came back.

    A queue of tokens: unlike a semaphore's, its verbs are atomic in C.
    `on_wait` is called once by whoever has to wait. `is_in_vain` says at any
    time that hardly a place will become free soon: then at most `patient` wait
    on, who came first, and the others are told so.
    """

    def __init__(
        self,
        number: int,
        wait_seconds: float,
        *,
        on_wait: Callable[[], None],
        is_in_vain: Callable[[], bool],
        patient: int,
    ) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(number):
            self._free.put(None)
        self._wait_seconds = wait_seconds
        self._on_wait = on_wait
        self._is_in_vain = is_in_vain
        self._patient = patient
        # append, remove and index of a list are atomic
        self._waiting: list[Deadline] = []

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
        deadline = Deadline(self._wait_seconds)
        self._waiting.append(deadline)
        try:
            while self._waiting.index(deadline) < self._patient or not self._is_in_vain():
                try:
                    return self._free.get(timeout=min(deadline.remaining(), LOOK_EVERY_SECONDS))
                except Empty:
                    if deadline.is_over():
                        raise TimeoutError(
                            f"every pooled connection stayed busy for {self._wait_seconds:g} s"
                        ) from None
        finally:
            self._waiting.remove(deadline)
        raise TimeoutError("every pooled connection is busy, and the server admits no new one")
