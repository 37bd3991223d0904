"""gunicorn with gunicorn.conf.py: stops, reloads and killed workers while it serves requests."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.deployment.servers import booted_workers, ended, lookups, lookups_until, until
from tests.support.service import CONFIGURATION, Service, serving

WORKERS = 2
CLIENTS = 4


@pytest.fixture(scope="module")
def service(migrated):
    with serving(migrated, WEB_CONCURRENCY=WORKERS, THREADS=4) as running:
        until(lambda: len(booted_workers(running)) == WORKERS, "the workers start")
        yield running


def test_livez_responds_while_all_threads_wait_for_the_database(migrated, held):
    with (
        serving(migrated, WEB_CONCURRENCY=1, THREADS=3) as service,
        held(service, requests=3),
    ):
        assert service.get("/livez", timeout=5).status_code == 200


def test_sigterm_completes_a_request_in_progress(migrated, held):
    with ended(Service(migrated, WEB_CONCURRENCY=WORKERS).start()) as service:
        service.client.close()  # a stopping worker waits for keep-alive connections
        with held(service, requests=1) as (status,):
            service.process.send_signal(signal.SIGTERM)
            until(lambda: "Worker exiting" in service.log.read_text(), "the idle worker ends")

            assert not status.done()

        assert status.result() == 200, service.log.read_text()
        assert service.process.wait(20) == 0


def test_sigterm_stops_a_worker_that_is_starting(migrated, tmp_path):
    """Otherwise the master would wait for the graceful timeout."""
    configuration = tmp_path / "gunicorn.conf.py"
    configuration.write_text(
        f"exec(open({str(CONFIGURATION)!r}).read())\n"
        "def post_fork(server, worker):\n"
        "    import time\n"
        "    time.sleep(worker.age - 1)\n"
    )
    service = Service(migrated, WEB_CONCURRENCY=WORKERS, GRACEFUL_TIMEOUT_SECONDS=60)
    service.configuration = configuration
    with ended(service.start()):
        until(lambda: len(booted_workers(service)) == WORKERS, "the second worker is forked")
        service.client.close()
        service.process.send_signal(signal.SIGTERM)

        assert service.process.wait(20) == 0


def test_sigterm_aborts_a_request_after_the_graceful_timeout(migrated, held):
    with ended(Service(migrated, GRACEFUL_TIMEOUT_SECONDS=1).start()) as service:
        with held(service, requests=1) as (status,):
            service.process.send_signal(signal.SIGTERM)

            assert service.process.wait(20) == 0

        with pytest.raises(ConnectionError):
            status.result()


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


def test_a_killed_worker_is_replaced_and_no_later_request_fails(service):
    before = booted_workers(service)

    os.kill(before[-1], signal.SIGKILL)
    until(lambda: len(booted_workers(service)) > len(before), "a new worker starts")

    assert lookups(service, CLIENTS, each=4) == [200] * CLIENTS * 4
    assert service.process.poll() is None


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
