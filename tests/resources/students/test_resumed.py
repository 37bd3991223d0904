"""Whatever happens to an import: each line is stored once, and each bad one reported once."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256

import pytest

from app.resources.students.imports import queries
from app.resources.students.imports.lines import Lines
from app.resources.students.imports.records import ndjson_records
from app.resources.students.imports.report import Report
from app.resources.students.imports.run import run
from tests.db.relay import Relay, through
from tests.resources.students.conftest import student
from tests.resources.students.files import ndjson, report_of
from tests.resources.students.test_import import emails
from tests.support.database import opened
from tests.support.service import PROJECT, environment

LINES = 3000
BAD = range(99, LINES, 250)  # lines counted from 1


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "new.ndjson"
    lines = [
        student(number, campus_id=250 if number in BAD else 1) for number in range(1, LINES + 1)
    ]
    path.write_bytes(ndjson(lines))
    return path


@pytest.fixture
def report(file):
    return file.with_name("new.ndjson.rejected.ndjson")


def importing(url, file):
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "import-students", str(file)],
        cwd=PROJECT,
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def steps(url, file, report):
    """Import in this process; tells after each transaction how far it is."""
    with opened(url, db_read_timeout_seconds=5) as database, file.open("rb") as source:
        fingerprint = sha256(file.read_bytes()).digest()
        progress = database.run_transaction(
            lambda tx: queries.find_or_add(tx, fingerprint, again=False)
        )
        lines = Lines(source, progress.place)
        yield from run(
            database, ndjson_records(lines), progress, Report(report, progress.report_size)
        )


def assert_each_once(connection, report):
    good = [student(number)["email"] for number in range(1, LINES + 1) if number not in BAD]
    assert Counter(emails(connection)) == Counter(good)
    assert list(report_of(report)) == list(BAD)


def test_killed_at_random_points_the_next_run_goes_on(school, file, report, in_school):
    chance = random.Random()
    for _ in range(2):
        with importing(school, file) as process:
            before = len(emails(in_school))
            while len(emails(in_school)) == before and process.poll() is None:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)

    with importing(school, file) as process:
        said, errors = process.communicate(timeout=60)

    assert (process.returncode, said) == (
        1,
        f"{LINES - len(BAD):,} stored, {len(BAD)} rejected\n",
    ), errors
    assert_each_once(in_school, report)


def test_killed_after_the_report_and_before_the_commit_no_line_is_reported_twice(
    school, file, report, in_school
):
    list(steps(school, file, report))
    with report.open("a") as torn:
        torn.write('{"line": 599, "reason": "of a transaction that was never committed"}\n{"li')

    with importing(school, file) as process:
        process.communicate(timeout=60)

    assert_each_once(in_school, report)


def test_a_report_that_is_gone_is_asked_for(school, file, report, in_school):
    next(steps(school, file, report))
    report.unlink()

    with importing(school, file) as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "--rejected" in errors
    assert len(emails(in_school)) == 498


def test_a_restart_in_the_middle_is_waited_for(file, report, restarting):
    url, server = restarting
    with ThreadPoolExecutor(1) as operator:
        going = steps(url, file, report)
        next(going)
        restart = operator.submit(server.restart)
        for _ in going:
            time.sleep(0.1)
        restart.result()

    with closing(server.connect(url)) as connection:
        assert_each_once(connection, report)


@pytest.mark.parametrize("statement", [b"COMMIT", b"UPDATE import_progress"])
def test_an_answer_that_is_lost_stores_and_reports_nothing_twice(
    statement, school, file, report, server
):
    with Relay(server.port) as relay, ThreadPoolExecutor(1) as network:
        going = steps(through(relay, school), file, report)
        next(going)
        before = relay.accepted
        relay.cut_response_to = statement

        def mend():
            while relay.accepted == before:
                time.sleep(0.002)
            relay.cut_response_to = None

        mended = network.submit(mend)
        list(going)
        mended.result()

    with closing(server.connect(school)) as connection:
        assert_each_once(connection, report)


def test_two_imports_of_one_file_at_once_store_it_once(school, file, in_school):
    both = [importing(school, file), importing(school, file)]

    for process in both:
        process.communicate(timeout=60)

    good = [student(number)["email"] for number in range(1, LINES + 1) if number not in BAD]
    assert Counter(emails(in_school)) == Counter(good)


def test_no_server_is_status_2_and_one_line(file):
    with importing("mysql://nobody@127.0.0.1:1/nothing", file) as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "import-students" in errors
    assert "Traceback" not in errors
