"""The Celery example: `before` fails in each of these ways, `after` in none."""

import time

import pytest

from tests.examples.running import FAULTS, running, wait_for
from tests.support.database import query

DONE_SECONDS = 8  # a failed query, a failed BEGIN, and Celery looks for messages once a second


@pytest.fixture(params=FAULTS)
def fault(request):
    return request.param


def add_note(example):
    query(example.root, "INSERT INTO note (text) VALUES ('milk')")


def is_done(example):
    return not query(example.root, "SELECT 1 FROM note WHERE NOT is_done")


def has_failed(example):
    return "pymysql.err" in example.log_text()


def works(example):
    """Whether a new note is done after a while; returns at once if an error was logged."""
    add_note(example)
    deadline = time.monotonic() + DONE_SECONDS
    while time.monotonic() < deadline and not has_failed(example):
        if is_done(example):
            return True
        time.sleep(0.05)
    return False


def works_after(fault, version, server, folder):
    command = ["celery", "-A", version, "worker", "--concurrency", "2", "--loglevel", "WARNING"]
    environment = {
        # Longer than wait_timeout, or the scheduler's own queries would keep the connection busy.
        "INTERVAL_SECONDS": "2.5" if "wait_timeout" in fault else "0.5",
    }
    with running(server, folder, "worker", command, fault, **environment) as (example, relay):
        add_note(example)
        # On a busy machine a start takes longer than wait_timeout, after which `before` has failed.
        wait_for(
            lambda: is_done(example) or has_failed(example),
            f"worker/{version} does not work",
            example,
        )
        example.cause(fault, relay)
        return works(example)


def test_before_fails(fault, server, tmp_path):
    assert not works_after(fault, "before", server, tmp_path)


def test_after_works(fault, server, tmp_path):
    assert works_after(fault, "after", server, tmp_path)
