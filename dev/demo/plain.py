"""The view without a terminal: one line for each announcement, strike and strategy."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from dev.demo.board import Board, Snapshot

POLL_SECONDS = 0.1


@contextmanager
def view(board: Board) -> Iterator[None]:
    """Print what happens until the block ends."""
    stop = Event()
    printer = Thread(target=_print, args=(board, stop), name="plain view", daemon=True)
    printer.start()
    try:
        yield
    finally:
        stop.set()
        printer.join()


def _print(board: Board, stop: Event) -> None:
    announced = struck = 0
    while not stop.wait(POLL_SECONDS):
        snapshot = board.snapshot()
        strikes = snapshot.strikes
        if len(strikes) > announced:
            if announced:
                _say(snapshot, *counts(snapshot))
            announced = len(strikes)
            _say(
                snapshot, f"in {strikes[-1].at - snapshot.elapsed:.0f} s: {_description(snapshot)}"
            )
        if announced > struck and strikes[-1].at <= snapshot.elapsed:
            struck = announced
            _say(snapshot, f"fault: {_description(snapshot)}")
    snapshot = board.snapshot()
    _say(snapshot, *counts(snapshot))


def counts(snapshot: Snapshot) -> Iterator[str]:
    """Yield one line for each strategy."""
    width = max(map(len, snapshot.tallies))
    for name, tally in snapshot.tallies.items():
        total = tally.total
        yield (
            f"{name:{width}}  {total.served} served, {total.failed} failed, "
            f"slowest {total.slowest_seconds:.2f} s"
            + (f", last error: {tally.last_error}" if tally.last_error else "")
        )


def _say(snapshot: Snapshot, *lines: str) -> None:
    for line in lines:
        print(f"{snapshot.elapsed:5.1f} s  {line}", flush=True)


def _description(snapshot: Snapshot) -> str:
    return snapshot.strikes[-1].fault.description
