"""How long an import and an export take, and that their memory does not grow: prints a table.

    python -m tests.bulk.benchmark 10000 100000

Everything is real: a private server, the command in a process of its own, gunicorn with one worker.
"""

import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.deployment.servers import booted_workers
from tests.resources.students.conftest import copy_places, student
from tests.resources.students.files import csv_of
from tests.support.server import start_server
from tests.support.service import PROJECT, environment, serving
from tests.support.signing_in import basic

PASSWORD = "a password of some length"
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]


def main(sizes):
    with start_server() as server, tempfile.TemporaryDirectory() as folder:
        places = server.create_sample_database()
        for size in sizes:
            url = server.create_migrated_database()
            copy_places(server, places, url)
            file = Path(folder, "new.csv")
            write(file, size)
            report(size, "import", *imported(url, file))
            for kind in ("text/csv", "application/x-ndjson"):
                report(size, f"export {kind}", *exported(url, kind))
            with closing(server.connect(url)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM student")
                assert cursor.fetchone() == (size,)


def report(size, what, seconds, kilobytes, before=None):
    print(
        f"{size:>9,} {what:<28} {seconds:6.1f} s {size / seconds:>9,.0f} a second"
        f"   peak {kilobytes / 1024:5.1f} MB"
        + (f", {before / 1024:5.1f} MB before it" if before else ""),
        flush=True,
    )


def write(file, size):
    """Write the file a thousand lines at a time."""
    with file.open("wb") as opened:
        for first in range(0, size, 1000):
            lines = csv_of([student(it) for it in range(first, first + 1000)])
            opened.write(lines if first == 0 else lines.partition(b"\r\n")[2])


def imported(url, file):
    """The time and the peak memory of an import."""
    command = [*FLASK, "import-students", str(file)]
    began = time.perf_counter()
    most = 0
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment(url), stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            most = peak(process.pid) or most
            time.sleep(0.02)
    assert process.returncode == 0
    return time.perf_counter() - began, most


def exported(url, kind):
    """The time of a download, and the worker's peak memory after and before it."""
    given = f"{PASSWORD}\n{PASSWORD}\n"
    subprocess.run(
        [*FLASK, "create-user", "admin"], cwd=PROJECT, env=environment(url),
        input=given, text=True, capture_output=True, check=False,
    )  # fmt: skip
    with serving(url, WEB_CONCURRENCY=1) as service:
        answer = service.client.post("/v1/tokens", headers=basic("admin", PASSWORD))
        worker = booted_workers(service)[-1]
        Path(f"/proc/{worker}/clear_refs").write_text("5")  # begin to count its peak anew
        idle = peak(worker)
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": kind}
        began = time.perf_counter()
        with service.client.stream("GET", "/v1/students/export", headers=headers) as download:
            assert sum(map(len, download.iter_bytes()))
        return time.perf_counter() - began, peak(worker), idle


def peak(pid):
    """The most memory a process ever held, in kilobytes (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [10_000, 100_000])
