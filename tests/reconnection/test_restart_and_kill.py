"""The server restarted between two requests, and every connection killed: two preloaded workers."""

from contextlib import closing

import pytest

from app.db.strategies import STRATEGIES
from tests.support.database import connections_of, query
from tests.support.server import start_server
from tests.support.service import serving

LOOKUP = "/?city=London"
PROMISING = [name for name in STRATEGIES if name != "single"]


@pytest.fixture(scope="module")
def restarted_server():
    with start_server() as running:
        yield running


@pytest.fixture(scope="module")
def url(restarted_server):
    return restarted_server.create_sample_database()


@pytest.fixture(scope="module", params=PROMISING)
def service(request, url):
    with serving(url, DB_STRATEGY=request.param, WEB_CONCURRENCY=2, THREADS=4) as running:
        assert statuses(running) == {200}
        yield running


def statuses(service):
    return {answer.status_code for answer in service.burst(LOOKUP, threads=8, each=3)}


def test_every_connection_killed_fails_no_request(service, restarted_server, url):
    with closing(restarted_server.connect()) as root:
        for victim in connections_of(root, url):
            query(root, f"KILL {victim}")

    assert statuses(service) == {200}, service.log.read_text()


def test_a_restart_between_two_requests_fails_none(service, restarted_server):
    restarted_server.restart()

    assert statuses(service) == {200}, service.log.read_text()
    assert service.get("/readyz").status_code == 200


def test_single_fails_after_every_connection_was_killed(restarted_server, url):
    with serving(url, DB_STRATEGY="single", WEB_CONCURRENCY=1) as service:
        assert service.get(LOOKUP).status_code == 200
        with closing(restarted_server.connect()) as root:
            for victim in connections_of(root, url):
                query(root, f"KILL {victim}")

        assert [service.get(LOOKUP).status_code for _ in range(3)] == [503] * 3
        assert service.get("/livez").status_code == 200
