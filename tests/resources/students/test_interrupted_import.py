"""An interrupted import stores each record once and reports each rejected one once."""

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

LINES = 1500
REJECTED_LINES = range(99, LINES, 250)  # counted from 1


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "new.ndjson"
    lines = [
        student(number, campus_id=250 if number in REJECTED_LINES else 1)
        for number in range(1, LINES + 1)
    ]
    path.write_bytes(ndjson(lines))
    return path


@pytest.fixture
def report(file):
    return file.with_name("new.ndjson.rejected.ndjson")


def start_import(url, file):
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "import-students", str(file)],
        cwd=PROJECT,
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def import_stepwise(url, file, report):
    """Import in this process; yields after each transaction."""
    with opened(url, db_read_timeout_seconds=5) as database, file.open("rb") as source:
        fingerprint = sha256(file.read_bytes()).digest()
        progress = database.run_transaction(
            lambda tx: queries.find_or_add(tx, fingerprint, again=False)
        )
        lines = Lines(source, progress.file_position)
        yield from run(
            database, ndjson_records(lines), progress, Report(report, progress.report_size)
        )


def valid_emails():
    numbers = set(range(1, LINES + 1)) - set(REJECTED_LINES)
    return [student(number)["email"] for number in numbers]


def assert_each_record_once(connection, report):
    assert Counter(emails(connection)) == Counter(valid_emails())
    assert list(report_of(report)) == list(REJECTED_LINES)


def test_a_run_continues_after_earlier_ones_were_killed(school, file, report, school_dba):
    for _ in range(2):
        with start_import(school, file) as process:
            before = len(emails(school_dba))
            while len(emails(school_dba)) == before and process.poll() is None:
                time.sleep(0.002)
            time.sleep(random.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)

    with start_import(school, file) as process:
        output, errors = process.communicate(timeout=60)

    assert (process.returncode, output) == (
        1,
        f"{LINES - len(REJECTED_LINES):,} stored, {len(REJECTED_LINES)} rejected\n",
    ), errors
    assert_each_record_once(school_dba, report)


def test_report_entries_of_an_uncommitted_transaction_are_overwritten(
    school, file, report, school_dba
):
    list(import_stepwise(school, file, report))
    with report.open("a") as incomplete:
        incomplete.write('{"line": 599, "reason": "not committed"}\n{"li')

    with start_import(school, file) as process:
        process.communicate(timeout=60)

    assert_each_record_once(school_dba, report)


def test_a_missing_report_of_an_earlier_run_exits_with_status_2(school, file, report, school_dba):
    next(import_stepwise(school, file, report))
    report.unlink()

    with start_import(school, file) as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "--rejected" in errors
    assert len(emails(school_dba)) == 498


def test_an_import_waits_for_a_restart_of_the_server(file, report, restartable_school):
    url, server = restartable_school
    with ThreadPoolExecutor(1) as pool:
        steps = import_stepwise(url, file, report)
        next(steps)
        restart = pool.submit(server.restart)
        for _ in steps:
            time.sleep(0.1)
        restart.result()

    with closing(server.connect(url)) as connection:
        assert_each_record_once(connection, report)


@pytest.mark.parametrize("statement", [b"COMMIT", b"UPDATE import_progress"])
def test_a_lost_response_does_not_store_or_report_anything_twice(
    statement, school, file, report, server
):
    with Relay(server.port) as relay, ThreadPoolExecutor(1) as pool:
        steps = import_stepwise(through(relay, school), file, report)
        next(steps)
        before = relay.accepted
        relay.cut_response_to = statement

        def restore_connection():
            while relay.accepted == before:
                time.sleep(0.002)
            relay.cut_response_to = None

        restored = pool.submit(restore_connection)
        list(steps)
        restored.result()

    with closing(server.connect(school)) as connection:
        assert_each_record_once(connection, report)


def test_two_simultaneous_imports_of_one_file_store_it_once(school, file, school_dba):
    processes = [start_import(school, file), start_import(school, file)]

    for process in processes:
        process.communicate(timeout=60)

    assert Counter(emails(school_dba)) == Counter(valid_emails())


def test_an_unreachable_server_exits_with_status_2_and_a_message(file):
    with start_import("mysql://nobody@127.0.0.1:1/nothing", file) as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "import-students" in errors
    assert "Traceback" not in errors
