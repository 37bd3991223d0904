"""Each read operation by number of students: python -m bench.scale [SIZE ...].

The default sizes are 1,000, 10,000, 100,000 and 1,000,000 students with all their attempts, each in
its own database on one private server (loading the largest takes many minutes and 6 GB of disk).
Each operation then runs at all sizes in turn, so that load spikes affect all sizes alike. Writes
docs/benchmarks-scale.json and its plot: p50 and the number of rows read by the server.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import httpx
import matplotlib as mpl

from bench.__main__ import sign_in
from bench.contenders import running, service
from bench.machine import machine
from bench.plots import FOLDER, save
from bench.rounds import progress
from bench.targets import SCALE
from sample_data import seed
from sample_data.__main__ import progress_for
from tests.support.server import start_server

mpl.use("svg")
from matplotlib import pyplot as plt

SIZES = (1_000, 10_000, 100_000, 1_000_000)
GIGABYTE = 1024**3
# A small redo log causes constant page flushing, which doubles the loading time.
SERVER_OPTIONS = {"innodb_buffer_pool_size": 4 * GIGABYTE, "innodb_log_file_size": 4 * GIGABYTE}
WARM_UP_REQUESTS = 10
REPEATS = 200

Read = tuple[httpx.Client, str]

# Each returns the same number of rows at every size, or checks a bounded number.
READS = {
    "one student": "/v1/students/500",
    "page of 100": "/v1/students?limit=100",
    "sorted page": "/v1/students?limit=100&sort=last_name",
    "filtered page": "/v1/students?limit=100&campus_id=3",
    "filtered and sorted page": "/v1/students?limit=100&campus_id=3&sort=-create_date",
    "lookup by email": "/v1/students?email=nobody@example.edu",
    "page with relatives": "/v1/students?limit=100&embed=campus,city",
    "one attempt": "/v1/attempts/500",
    "newest attempts": "/v1/attempts?limit=100&sort=-attempt_date",
    "attempts of a student": "/v1/attempts?limit=100&student_id=500",
    "progress of a student": "/v1/students/500/progress",
    "average of a student": "/v1/students/500/average",
    "enrollments of a course": "/v1/enrollments?limit=20&course_id=5",
    "honors": "/v1/reports/honors?limit=20&min_average=85",
    "results of courses": "/v1/reports/course-results?limit=5",
    "courses": "/v1/courses?limit=60&embed=subjects,staff,chapters",
    "cities": "/v1/cities?limit=100",
    "rare score, newest first": "/v1/attempts?min_score=0&max_score=0.01&sort=-attempt_date",
    "common word": "/v1/students?q=example",
    "inactive, by name": "/v1/students?active=false&sort=last_name",
}
STAFF_READS = {
    "attempts, as staff": "/v1/attempts?sort=-attempt_date",
    "rare score, as staff": "/v1/attempts?min_score=0&max_score=0.01&sort=-attempt_date",
    "completed enrollments, as staff": "/v1/enrollments?completed=true&sort=enrollment_date",
    "results of courses, as staff": "/v1/reports/course-results?limit=5",
}
DEEP = "deep page of 100"


def main(arguments: list[str]) -> int:
    """Load all sizes, measure them together, print and store the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    sizes = parser.parse_args(arguments).sizes
    with start_server(**SERVER_OPTIONS) as server, ExitStack() as stack:
        databases = [(size, *load(server, size)) for size in sizes]
        reads = {
            size: stack.enter_context(reads_of(server, size, url, users))
            for size, url, users in databases
        }
        found = {"machine": machine(server), "sizes": measure(server, reads)}
    print_table(found["sizes"])
    SCALE.write_text(json.dumps(found, indent=1) + "\n")
    draw(found["sizes"])
    return 0


def load(server, size: int) -> tuple[str, list]:
    """Create a database with this many students; return its URL and its users."""
    url = server.create_migrated_database()
    start = time.monotonic()
    with closing(server.connect(url)) as connection:
        users = seed(connection, students=size, seed=1, progress=progress_for(size)).logins
    print(f"{size:,} students loaded in {time.monotonic() - start:.0f} s", file=sys.stderr)
    return url, users


@contextmanager
def reads_of(server, size: int, url: str, users: list) -> Iterator[dict[str, Read]]:
    """Start the service on a database; provide a client and a path for each read operation."""
    server.users = users
    with (
        running(service("adaptive"), url, lambda base: sign_in(base, server)) as ours,
        httpx.Client(base_url=ours.base, headers=ours.headers, timeout=120) as admin,
        httpx.Client(base_url=ours.base, timeout=120) as staff,
    ):
        staff.headers.update(sign_in(ours.base, server, "staff"))
        yield {
            **{name: (admin, path) for name, path in READS.items()},
            **{name: (staff, path) for name, path in STAFF_READS.items()},
            DEEP: (admin, deep_page(admin, size)),
        }


def deep_page(client: httpx.Client, size: int) -> str:
    """Return the path of a page deep in the list, found by following `next`."""
    page = client.get("/v1/students", params={"limit": 100}).json()
    for _ in range(min(size // 200, 50)):
        page = client.get(page["next"]).json()
    return page["next"]


def measure(server, by_size: dict[int, dict[str, Read]]) -> dict[int, dict]:
    """Return p50 in milliseconds and the rows read per request, by size and operation."""
    found: dict[int, dict] = {size: {} for size in by_size}
    for name in next(iter(by_size.values())):
        progress(f"scale: {name}")
        reads = {size: operations[name] for size, operations in by_size.items()}
        rows = {size: rows_of(server, *read) for size, read in reads.items()}
        times = interleaved(reads)
        for size in by_size:
            p50 = statistics.median(times[size]) * 1000
            found[size][name] = {"p50_ms": p50, "rows_examined": rows[size]}
    progress("")
    return found


def interleaved(reads: dict[int, Read]) -> dict[int, list[float]]:
    """Run one operation at each size in turn, repeatedly; return the durations by size."""
    times: dict[int, list[float]] = {size: [] for size in reads}
    for _ in range(REPEATS):
        for size, (client, path) in reads.items():
            start = time.perf_counter()
            client.get(path).raise_for_status()
            times[size].append(time.perf_counter() - start)
    return times


def rows_of(server, client: httpx.Client, path: str) -> int:
    """Return the number of rows the server reads for one request after warm-up."""
    for _ in range(WARM_UP_REQUESTS):
        client.get(path).raise_for_status()
    before, again = rows_read(server), rows_read(server)
    client.get(path)
    # SHOW STATUS itself reads rows, too.
    return rows_read(server) - again - (again - before)


def rows_read(server) -> int:
    """Return the number of rows the server has read."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Handler_read%'")
        return sum(int(count) for _, count in cursor.fetchall())


def print_table(sizes: dict[int, dict]) -> None:
    """Print p50 and rows per size, one line per operation, and the ratio of last to first."""
    first, *_, last = sizes
    for name in sizes[first]:
        ratio = sizes[last][name]["p50_ms"] / sizes[first][name]["p50_ms"]
        cells = [
            f"{part[name]['p50_ms']:8.2f} ms {part[name]['rows_examined']:>7}"
            for part in sizes.values()
        ]
        print(f"{name:32}" + "".join(cells) + f"   x {ratio:.2f}")


def draw(sizes: dict[int, dict]) -> None:
    """Plot p50 by number of students, one line per operation."""
    figure, axes = plt.subplots(figsize=(8, 5))
    for name in next(iter(sizes.values())):
        axes.plot(list(sizes), [part[name]["p50_ms"] for part in sizes.values()], "o-", label=name)
    axes.set(xscale="log", xlabel="students", ylabel="p50, ms", ylim=(0, None))
    axes.legend(fontsize="x-small")
    FOLDER.mkdir(exist_ok=True)
    save(figure, FOLDER / "scale.svg")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
