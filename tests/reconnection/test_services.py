"""The service with each strategy after idle time, killed connections and a server restart.

All services run at the same time against one server. They receive a burst of requests, then stay
idle for longer than `wait_timeout`, then lose all connections to KILL, then to a restart, with
another burst after each.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from app.db.strategies import STRATEGIES
from tests.deployment.servers import NIGHTLY_ON_GRANIAN
from tests.support.database import kill_all, query
from tests.support.service import Service, serving

CUSTOM = "tests.support.own_strategy:Stack"
# `make test` runs these; `make test-nightly` runs all. tests/db tests all without a web server.
IN_MAKE_TEST = {"single", "timed", "sqlalchemy", "adaptive"}
RELIABLE = [
    pytest.param(name, marks=() if name in IN_MAKE_TEST else pytest.mark.nightly)
    for name in [*STRATEGIES, CUSTOM]
    if name != "single"
]
WAIT_TIMEOUT_SECONDS = 2
IDLE_SECONDS = 5
LOOKUP = "/?city=London"


@pytest.fixture(scope="module", params=NIGHTLY_ON_GRANIAN)
def services(request, own_server, url):
    """A running service for each selected strategy; each has opened its connections."""
    selected = {
        item.callspec.params["strategy"]
        for item in request.session.items
        if item.path == request.path and "strategy" in item.fixturenames
    }
    with running_services(url, request.param, sorted(IN_MAKE_TEST | selected)) as running:
        # Set after startup, when a service rejects a `wait_timeout` shorter than its recycle age.
        set_wait_timeout(own_server, WAIT_TIMEOUT_SECONDS)
        for name, service in running.items():
            # `single` mixes up concurrent responses even without a fault.
            responses = [service.get(LOOKUP)] if name == "single" else service.burst(LOOKUP)
            assert statuses(responses) == {200}, service.log.read_text()
        yield running


@pytest.fixture(scope="module")
def after_idle_time(services, own_server):
    """The responses of each service after idle time, and its log."""
    time.sleep(IDLE_SECONDS)
    set_wait_timeout(own_server, "DEFAULT")  # so that KILL meets open connections later
    return responses_and_logs(services)


@pytest.fixture(scope="module")
def after_kill(services, after_idle_time, own_server, url):
    """The responses of each service after all its connections were killed, and its log."""
    with closing(own_server.connect()) as root:
        kill_all(root, url)
    return responses_and_logs(services)


@pytest.fixture(scope="module")
def after_restart(services, after_kill, own_server):
    """The responses of each service after a server restart, and its log."""
    own_server.restart()
    return responses_and_logs(services)


@contextmanager
def running_services(url, served_by, strategies):
    services = [
        Service(url, served_by, DB_STRATEGY=strategy, WEB_CONCURRENCY=2, THREADS=4)
        for strategy in strategies
    ]
    with ThreadPoolExecutor(len(services)) as pool:
        try:
            yield dict(zip(strategies, pool.map(Service.start, services), strict=True))
        finally:
            list(pool.map(Service.stop, services))


def set_wait_timeout(server, seconds):
    with closing(server.connect()) as root:
        query(root, f"SET GLOBAL wait_timeout = {seconds}")


def responses_and_logs(services):
    return {
        name: (service.burst(LOOKUP, each=3), service.log.read_text())
        for name, service in services.items()
    }


def statuses(responses):
    return {response.status_code for response in responses}


@pytest.mark.parametrize("strategy", RELIABLE)
def test_no_request_fails_after_idle_time(strategy, after_idle_time):
    responses, log = after_idle_time[strategy]

    assert statuses(responses) == {200}, log


def test_no_request_fails_after_idle_time_under_granian(own_server, url):
    with serving(url, "granian", WEB_CONCURRENCY=1) as service:
        set_wait_timeout(own_server, WAIT_TIMEOUT_SECONDS)
        try:
            before = service.burst(LOOKUP)
            time.sleep(IDLE_SECONDS)
            after = service.burst(LOOKUP)
        finally:
            set_wait_timeout(own_server, "DEFAULT")

    assert statuses(before) == statuses(after) == {200}


def test_adaptive_needs_no_retry_after_idle_time(after_idle_time):
    _, adaptive_log = after_idle_time["adaptive"]
    _, timed_log = after_idle_time["timed"]

    assert "retried on another connection" not in adaptive_log
    # A strategy without a check does retry.
    assert "retried on another connection" in timed_log


@pytest.mark.parametrize("strategy", RELIABLE)
def test_no_request_fails_after_all_connections_were_killed(strategy, after_kill):
    responses, log = after_kill[strategy]

    assert statuses(responses) == {200}, log


@pytest.mark.parametrize("strategy", RELIABLE)
def test_no_request_fails_after_a_restart_between_two_requests(strategy, after_restart, services):
    responses, log = after_restart[strategy]

    assert statuses(responses) == {200}, log
    assert services[strategy].get("/readyz").status_code == 200


def test_single_fails_after_idle_time_with_2006_or_2013(after_idle_time):
    responses, log = after_idle_time["single"]

    assert 503 in statuses(responses)
    assert "(2006," in log or "(2013," in log
    assert all("MySQL server" not in response.text for response in responses)


def test_single_logs_one_warning_on_startup(after_idle_time):
    _, log = after_idle_time["single"]

    assert log.count("DB_STRATEGY=single") == 1


def test_single_fails_after_its_connection_was_killed(own_server, url):
    with serving(url, DB_STRATEGY="single", WEB_CONCURRENCY=1) as service:
        assert service.get(LOOKUP).status_code == 200
        with closing(own_server.connect()) as root:
            kill_all(root, url)

        assert [service.get(LOOKUP).status_code for _ in range(3)] == [503] * 3
        assert service.get("/livez").status_code == 200
