"""Measures the duration and peak memory of imports and exports, and prints a table.

    python -m bench.bulk 10000 100000

It uses a private database server, the import command in its own process, and gunicorn with one
worker. The peak memory should not grow with the number of students.
"""

import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.deployment.servers import booted_workers
from tests.resources.students.conftest import copy_campuses, student
from tests.resources.students.files import csv_of
from tests.support.server import start_server
from tests.support.service import PROJECT, environment, serving
from tests.support.signing_in import basic

PASSWORD = "a password of some length"
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]


def main(sizes):
    with start_server() as server, tempfile.TemporaryDirectory() as folder:
        sample = server.create_sample_database()
        for size in sizes:
            url = server.create_migrated_database()
            copy_campuses(server, sample, url)
            file = Path(folder, "new.csv")
            write_students(file, size)
            report(size, "import", *measure_import(url, file))
            for media_type in ("text/csv", "application/x-ndjson"):
                report(size, f"export {media_type}", *measure_export(url, media_type))
            with closing(server.connect(url)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM student")
                assert cursor.fetchone() == (size,)


def report(size, operation, seconds, kilobytes, kilobytes_before=None):
    print(
        f"{size:>9,} {operation:<28} {seconds:6.1f} s {size / seconds:>9,.0f} per second"
        f"   peak {kilobytes / 1024:5.1f} MB"
        + (f", {kilobytes_before / 1024:5.1f} MB before" if kilobytes_before else ""),
        flush=True,
    )


def write_students(file, size):
    """Write a CSV file, 1,000 lines at a time."""
    with file.open("wb") as opened:
        for first in range(0, size, 1000):
            lines = csv_of([student(it) for it in range(first, first + 1000)])
            opened.write(lines if first == 0 else lines.partition(b"\r\n")[2])


def measure_import(url, file):
    """Return the seconds and the peak memory, in kilobytes, of an import."""
    command = [*FLASK, "import-students", str(file)]
    started = time.perf_counter()
    peak = 0
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment(url), stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            peak = peak_memory(process.pid) or peak
            time.sleep(0.02)
    assert process.returncode == 0
    return time.perf_counter() - started, peak


def measure_export(url, media_type):
    """Return the seconds of an export, and the worker's peak memory after and before it."""
    passwords = f"{PASSWORD}\n{PASSWORD}\n"
    subprocess.run(
        [*FLASK, "create-user", "admin"], cwd=PROJECT, env=environment(url),
        input=passwords, text=True, capture_output=True, check=False,
    )  # fmt: skip
    with serving(url, WEB_CONCURRENCY=1) as service:
        response = service.client.post("/v1/tokens", headers=basic("admin", PASSWORD))
        worker = booted_workers(service)[-1]
        Path(f"/proc/{worker}/clear_refs").write_text("5")  # resets the peak
        before = peak_memory(worker)
        headers = {
            "Authorization": f"Bearer {response.json()['access_token']}",
            "Accept": media_type,
        }
        started = time.perf_counter()
        with service.client.stream("GET", "/v1/students/export", headers=headers) as download:
            assert sum(map(len, download.iter_bytes()))
        return time.perf_counter() - started, peak_memory(worker), before


def peak_memory(pid):
    """Return the peak resident memory of a process, in kilobytes (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [10_000, 100_000])
