"""Each read operation against the number of students: python -m bench.scale [SIZE ...].

By default 1,000, 10,000, 100,000 and 1,000,000 students with all their attempts, loaded in bulk on
a private server with a progress bar (the million takes some 25 minutes and 6 GB of disk). Writes
docs/benchmarks-scale.json and its plot: p50 by size, and the rows that the server examined.
"""

import argparse
import json
import statistics
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import matplotlib as mpl

from bench.__main__ import machine, sign_in
from bench.contenders import running, service
from bench.plots import FOLDER, save
from sample_data import seed
from sample_data.__main__ import progress_for
from tests.support.server import start_server

mpl.use("svg")
from matplotlib import pyplot as plt

SIZES = (1_000, 10_000, 100_000, 1_000_000)
FIGURES = Path("docs/benchmarks-scale.json")
REPEATS = 200

READS = {
    "one student": "/v1/students/500",
    "page of 100": "/v1/students?limit=100",
    "sorted page": "/v1/students?limit=100&sort=last_name",
    "filtered page": "/v1/students?limit=100&campus_id=3",
    "page with relatives": "/v1/students?limit=100&embed=campus,city",
    "one attempt": "/v1/attempts/500",
    "attempts of a student": "/v1/attempts?limit=100&student_id=500",
    "progress of a student": "/v1/students/500/progress",
    "enrollments of a course": "/v1/enrollments?limit=100&course_id=5",
    "cities": "/v1/cities?limit=100",
}
DEEP = "a deep page of 100"


def main(arguments: list[str]) -> int:
    """Measure all sizes; prints and writes the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    found = {}
    for size in parser.parse_args(arguments).sizes:
        with start_server(innodb_buffer_pool_size=2 * 1024**3) as server:
            found["machine"] = machine(server)
            found[str(size)] = of_size(server, size)
            print_row(size, found[str(size)])
    FIGURES.write_text(json.dumps(found, indent=1) + "\n")
    draw({int(size): part for size, part in found.items() if size != "machine"})
    return 0


def of_size(server, size: int) -> dict[str, dict[str, float]]:
    """Load so many students and measure every read."""
    url = server.create_migrated_database()
    with closing(server.connect(url)) as connection:
        server.users = seed(connection, students=size, seed=1, progress=progress_for(size)).logins
    with (
        running(service("adaptive"), url, lambda base: sign_in(base, server)) as ours,
        httpx.Client(base_url=ours.base, headers=ours.headers, timeout=120) as client,
    ):
        paths = {**READS, DEEP: deep_page(client, size)}
        return {name: of_read(client, server, path) for name, path in paths.items()}


def deep_page(client: httpx.Client, size: int) -> str:
    """A page deep in the list, found as a client finds it."""
    page = client.get("/v1/students", params={"limit": 100}).json()
    for _ in range(min(size // 200, 50)):
        page = client.get(page["next"]).json()
    return page["next"]


def of_read(client: httpx.Client, server, path: str) -> dict[str, float]:
    """One read: p50 in milliseconds, and the rows examined for it."""
    for _ in range(10):
        client.get(path).raise_for_status()
    before = rows_read(server)
    client.get(path)
    examined = rows_read(server) - before
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        client.get(path)
        times.append(time.perf_counter() - start)
    return {"p50_ms": statistics.median(times) * 1000, "rows_examined": examined}


def rows_read(server) -> int:
    """The server's own count of rows it read through its storage engine."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_rows_read'")
        ((_, count),) = cursor.fetchall()
        return int(count)


def print_row(size: int, part: dict[str, dict[str, float]]) -> None:
    """One size, a line a read."""
    for name, figures in part.items():
        print(
            f"{size:>9,} {name:28} {figures['p50_ms']:8.2f} ms {figures['rows_examined']:>8} rows"
        )


def draw(sizes: dict[int, dict[str, dict[str, float]]]) -> None:
    """p50 against the number of students, a line a read."""
    figure, axes = plt.subplots(figsize=(8, 5))
    for name in next(iter(sizes.values())):
        axes.plot(list(sizes), [part[name]["p50_ms"] for part in sizes.values()], "o-", label=name)
    axes.set(xscale="log", xlabel="students", ylabel="p50, ms", ylim=(0, None))
    axes.legend(fontsize="small")
    save(figure, FOLDER / "scale.svg")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
