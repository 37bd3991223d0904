"""A deadline for what knows none: the C library's resolver, and the C client's handshake."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from app.db.clock import Deadline

T = TypeVar("T")


def run_within(deadline: Deadline, work: Callable[[], T]) -> T:
    """Run it in a thread of its own, and wait until the deadline; then `TimeoutError`.

    The thread goes on until the work ends by itself; what it then gives is
    dropped, and a connection is closed by that.
    """
    outcomes: SimpleQueue[tuple[list[T], Exception | None]] = SimpleQueue()

    def go() -> None:
        try:
            outcomes.put(([work()], None))
        except Exception as error:
            outcomes.put(([], error))

    Thread(target=go, name="within a deadline", daemon=True).start()
    try:
        results, error = outcomes.get(timeout=deadline.remaining())
    except Empty:
        raise TimeoutError("timed out") from None
    if error is not None:
        raise error
    return results[0]
