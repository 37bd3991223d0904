"""Rate limits shared by several workers, and their fallback while Redis is unreachable."""

import socket
import time
from contextlib import closing

import pytest
import redis

from app import create_app
from tests.support.database import settings_for
from tests.support.redis_server import running_redis
from tests.support.service import free_port, serving


@pytest.fixture
def redis_server():
    with running_redis() as running:
        yield running


@pytest.fixture
def worker(migrated):
    """A function that returns the client of a new application with this storage URL."""
    applications = []

    def client(url, **values):
        settings = settings_for(migrated, rate_limit_storage_url=url, **values)
        applications.append(create_app(settings))
        return applications[-1].test_client()

    yield client
    for application in applications:
        application.extensions["database"].close()


def statuses(client, number):
    """Send requests to a path that does not exist; 404 means that they were not limited."""
    return [client.get("/nowhere").status_code for _ in range(number)]


def test_workers_count_together(redis_server, worker):
    one, other = (worker(redis_server.url, rate_limit="3/hour") for _ in range(2))

    assert statuses(one, 2) == [404, 404]
    assert statuses(other, 2) == [404, 429]
    assert statuses(one, 1) == [429]


def test_a_worker_counts_in_memory_and_logs_it_if_redis_stops(redis_server, worker, caplog):
    client = worker(redis_server.url, rate_limit="3/hour")
    statuses(client, 1)
    redis_server.stop()

    assert statuses(client, 5) == [404, 404, 404, 429, 429]
    assert "storage unreachable" in caplog.text
    assert "a-redis-password" not in caplog.text


def test_a_worker_counts_in_memory_if_redis_was_never_reachable(worker):
    client = worker(f"redis://127.0.0.1:{free_port()}/0", rate_limit="1/hour")

    assert statuses(client, 2) == [404, 429]


def test_counting_in_redis_resumes_when_it_is_reachable_again(redis_server, worker):
    client = worker(redis_server.url, rate_limit="1000/hour")
    redis_server.stop()
    statuses(client, 1)
    redis_server.start()

    deadline = time.monotonic() + 20
    with redis.Redis.from_url(redis_server.url) as counters:
        while not counters.keys("LIMITS*"):
            assert time.monotonic() < deadline
            statuses(client, 1)
            time.sleep(0.1)


def test_a_redis_that_does_not_respond_delays_a_request_by_seconds_at_most(worker):
    # Connections are accepted by the listen backlog and never served.
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        client = worker(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        started = time.monotonic()

        response = client.get("/nowhere")

    assert response.status_code == 404
    assert time.monotonic() - started < 10


def test_user_names_are_not_stored_in_redis(redis_server, worker):
    client = worker(redis_server.url)

    client.post("/v1/tokens", auth=("a name to hide", "a wrong password"))

    with redis.Redis.from_url(redis_server.url) as counters:
        keys = b" ".join(counters.keys("LIMITS*"))
    assert b"sign-in-by-name" in keys
    assert b"a name to hide" not in keys


def test_two_gunicorn_workers_count_together(redis_server, migrated):
    settings = {
        "RATE_LIMIT": "20/hour",
        "RATE_LIMIT_STORAGE_URL": redis_server.url,
        "WEB_CONCURRENCY": 2,
    }
    with serving(migrated, **settings) as service:
        responses = service.burst("/nowhere", threads=8, each=5)

    assert [response.status_code for response in responses].count(404) == 20
