"""`flask doctor` says what it sees, and what to do where it is wrong."""

import subprocess
import sys

import pytest

from tests.support.server import start_server
from tests.support.service import environment, serving


def doctor(url, tmp_path, **settings):
    """Run the command; its exit status and its report, a line's name to the whole line."""
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"],
        cwd=tmp_path,
        env=environment(url, **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture(scope="module")
def short_server():
    """A host that hangs up after 30 seconds and lets 10 in."""
    with start_server(wait_timeout=30, max_connections=10) as running:
        yield running


def lines(report, beginning):
    return [line for line in report.splitlines() if line.startswith(beginning)]


def test_all_is_well_with_the_defaults(migrated, server, tmp_path):
    status, report, _ = doctor(migrated, tmp_path)

    assert (status, lines(report, "WRONG")) == (0, [])
    for name in ("server", "TLS", "wait_timeout", "connections", "schema", "DB_RECYCLE_SECONDS"):
        assert name in report
    assert server.version.split("-")[0] in report


def test_what_is_wrong_comes_with_its_cure(short_server, tmp_path):
    url = short_server.create_database()

    status, report, _ = doctor(url, tmp_path, DB_STRATEGY="timed", DB_KEEPALIVE_SECONDS=300)

    assert status == 1
    wrong = {line.split()[1] for line in lines(report, "WRONG")}
    assert wrong == {"DB_RECYCLE_SECONDS", "DB_KEEPALIVE_SECONDS", "connections", "schema"}
    assert "set DB_RECYCLE_SECONDS to 27" in report
    assert "make migrate" in report


def test_single_is_never_right(migrated, tmp_path):
    status, report, _ = doctor(migrated, tmp_path, DB_STRATEGY="single")

    assert status == 1
    assert "kept as a control" in report


def test_a_server_that_is_away_is_one_line(tmp_path):
    status, _, errors = doctor("mysql://app:secret@127.0.0.1:1/students", tmp_path)

    assert status != 0
    assert "no server answers there" in errors
    assert "Traceback" not in errors


def test_the_service_warns_once_when_it_starts(short_server, tmp_path):
    url = short_server.create_database()
    with serving(url, WEB_CONCURRENCY=2, THREADS=8) as service:
        log = service.log.read_text()

    assert log.count("2 workers x 8 connections = 16; the server allows 10") == 1
    assert log.count("make migrate") == 1
