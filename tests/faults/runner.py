"""Run many cells on a few environments in parallel, in a fixed order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue

from tests.faults.catalog import FAULTS
from tests.faults.cell import Cell, run_cell
from tests.faults.environment import Environment, Target
from tests.faults.scenario import Server
from tests.faults.variants import VARIANTS

# On two cores, three parallel environments do not affect the measured times.
PARALLEL_CELLS = 3

Key = tuple[str, str]  # fault, variant


@contextmanager
def running_cells(
    keys: Iterable[Key],
    target: Target,
    *,
    jobs: int = PARALLEL_CELLS,
    quick: bool = False,
    web_server: Server = "gunicorn",
    on_result: Callable[[Cell], None] = lambda cell: None,
) -> Iterator[dict[Key, Future[Cell]]]:
    """Run cells in the background; cells not yet started when the block ends are cancelled."""
    requested = list(keys)
    jobs = max(1, min(jobs, len(requested)))
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(jobs, thread_name_prefix="fault-cell"))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        available: SimpleQueue[Environment] = SimpleQueue()
        for environment in pool.map(lambda _: Environment(target).__enter__(), range(jobs)):
            stack.push(environment)
            available.put(environment)

        def run(key: Key) -> Cell:
            environment = available.get()
            try:
                fault, variant = FAULTS[key[0]], VARIANTS[key[1]]
                cell = run_cell(environment, fault, variant, quick=quick, web_server=web_server)
            finally:
                available.put(environment)
            on_result(cell)
            return cell

        yield {key: pool.submit(run, key) for key in requested}
        pool.shutdown(wait=True, cancel_futures=True)
