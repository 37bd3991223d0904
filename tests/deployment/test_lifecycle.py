"""Stops, reloads and killed workers while gunicorn or granian serves requests."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.deployment.servers import (
    booted_workers,
    ended,
    is_alive,
    lookups,
    lookups_until,
    nightly_on_granian,
    on_both_servers,
    until,
)
from tests.support.service import SERVERS, Service, serving

WORKERS = 2
CLIENTS = 4
# The first worker starts at once, the second one after a second.
SLOW_START = """
import os
import time
from wsgi import app

forks = []
os.register_at_fork(
    before=lambda: forks.append(None), after_in_child=lambda: time.sleep(len(forks) - 1)
)
"""


@pytest.fixture(scope="module", params=SERVERS)
def service(request, migrated):
    with serving(migrated, request.param, WEB_CONCURRENCY=WORKERS, THREADS=4) as running:
        until(lambda: len(booted_workers(running)) == WORKERS, "the workers start")
        yield running


@on_both_servers
def test_livez_responds_while_all_threads_wait_for_the_database(served_by, migrated, held):
    # Longer than the client waits.
    settings = {"DB_LOCK_TIMEOUT_SECONDS": 60, "DB_STATEMENT_TIMEOUT_SECONDS": 0}
    with (
        serving(migrated, served_by, WEB_CONCURRENCY=1, THREADS=3, **settings) as service,
        held(service, requests=3),
    ):
        assert service.get("/livez", timeout=5).status_code == 200


@on_both_servers
def test_sigterm_completes_a_request_in_progress(served_by, migrated, held):
    with ended(Service(migrated, served_by, WEB_CONCURRENCY=WORKERS).start()) as service:
        service.client.close()  # a stopping worker waits for keep-alive connections
        until(lambda: len(booted_workers(service)) == WORKERS, "the workers start")
        workers = booted_workers(service)
        with held(service, requests=1) as (status,):
            service.process.send_signal(signal.SIGTERM)
            until(lambda: not all(map(is_alive, workers)), "the idle worker ends")

            assert not status.done()

        assert status.result() == 200, service.log.read_text()
        assert service.process.wait(20) == 0


@nightly_on_granian
def test_sigterm_stops_a_worker_that_is_starting(served_by, migrated, tmp_path):
    """Otherwise the master would wait for the graceful timeout."""
    (tmp_path / "slow_start.py").write_text(SLOW_START)
    service = Service(migrated, served_by, WEB_CONCURRENCY=WORKERS, GRACEFUL_TIMEOUT_SECONDS=60)
    service.application = "slow_start:app"
    service.environment["PYTHONPATH"] += f":{tmp_path}"
    with ended(service.start()):
        until(lambda: len(booted_workers(service)) == WORKERS, "the second worker is forked")
        service.client.close()
        service.process.send_signal(signal.SIGTERM)

        assert service.process.wait(20) == 0


@nightly_on_granian
def test_sigterm_aborts_a_request_after_the_graceful_timeout(served_by, migrated, held):
    with ended(Service(migrated, served_by, GRACEFUL_TIMEOUT_SECONDS=1).start()) as service:
        with held(service, requests=1) as (status,):
            service.process.send_signal(signal.SIGTERM)

            assert service.process.wait(20) == 0

        with pytest.raises(ConnectionError):
            status.result()


def test_a_killed_worker_is_replaced_and_no_later_request_fails(service):
    """Before the reload: granian ends if a worker is killed within 5.5 s of its start."""
    before = booted_workers(service)

    os.kill(before[-1], signal.SIGKILL)
    until(lambda: len(booted_workers(service)) > len(before), "a new worker starts")

    assert lookups(service, CLIENTS, each=4) == [200] * CLIENTS * 4
    assert service.process.poll() is None


def test_a_reload_loses_no_request(service):
    before = booted_workers(service)
    stop = Event()

    with ThreadPoolExecutor(CLIENTS) as pool:
        try:
            clients = [pool.submit(lookups_until, stop, service) for _ in range(CLIENTS)]
            service.process.send_signal(signal.SIGHUP)
            until(lambda: not any(is_alive(pid) for pid in before), "the old workers end")
        finally:
            stop.set()
        statuses = [status for client in clients for status in client.result()]

    assert set(statuses) == {200}
    assert len(booted_workers(service)) >= len(before) + WORKERS


@pytest.mark.nightly
def test_granian_leaves_no_worker_when_its_master_is_killed(migrated):
    with ended(Service(migrated, "granian", WEB_CONCURRENCY=WORKERS).start()) as service:
        workers = booted_workers(service)
        service.client.close()
        service.process.kill()

        until(lambda: not any(map(is_alive, workers)), "the workers end")


@pytest.mark.nightly
def test_sigquit_stops_granian_at_once(migrated, held):
    with ended(Service(migrated, "granian", GRACEFUL_TIMEOUT_SECONDS=60).start()) as service:
        with held(service, requests=1) as (status,):
            service.process.send_signal(signal.SIGQUIT)
            service.process.wait(20)

        with pytest.raises(ConnectionError):
            status.result()
