"""Many cells on a few lanes side by side, in an order that does not depend on their speed."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue

from tests.faults.cell import Cell, run_cell
from tests.faults.lane import Lane, Place
from tests.faults.table import FAULTS
from tests.faults.variants import VARIANTS

# Two cores carry three lanes without the lanes being seen in the times.
LANES = 3

Key = tuple[str, str]  # fault, variant


@contextmanager
def running(
    keys: Iterable[Key],
    place: Place,
    *,
    lanes: int = LANES,
    quick: bool = False,
    done: Callable[[Cell], None] = lambda cell: None,
) -> Iterator[dict[Key, Future[Cell]]]:
    """Run these cells in the background; at the end of the block what has not begun is dropped."""
    listed = list(keys)
    lanes = max(1, min(lanes, len(listed)))
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(lanes, thread_name_prefix="lane"))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        free: SimpleQueue[Lane] = SimpleQueue()
        for lane in pool.map(lambda _: Lane(place).__enter__(), range(lanes)):
            stack.push(lane)
            free.put(lane)

        def run(key: Key) -> Cell:
            lane = free.get()
            try:
                cell = run_cell(lane, FAULTS[key[0]], VARIANTS[key[1]], quick=quick)
            finally:
                free.put(lane)
            done(cell)
            return cell

        yield {key: pool.submit(run, key) for key in listed}
        pool.shutdown(wait=True, cancel_futures=True)
