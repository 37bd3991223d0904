"""Timeouts for calls that have none: the C library's resolver, the C client's handshake."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from .clock import Deadline

T = TypeVar("T")


def run_with_deadline(deadline: Deadline, function: Callable[[], T]) -> T:
    """Run a function in its own thread and wait for it; raises `TimeoutError` at the deadline.

    The thread continues until the function returns. Its late result is dropped,
    which closes a connection.
    """
    outcomes: SimpleQueue[tuple[list[T], Exception | None]] = SimpleQueue()

    def run() -> None:
        try:
            outcomes.put(([function()], None))
        except Exception as error:
            outcomes.put(([], error))

    Thread(target=run, name="run_with_deadline", daemon=True).start()
    try:
        results, error = outcomes.get(timeout=deadline.remaining())
    except Empty:
        raise TimeoutError("timed out") from None
    if error is not None:
        raise error
    return results[0]
