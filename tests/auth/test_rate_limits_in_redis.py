"""Limits that several workers share, and what becomes of them when Redis goes away."""

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
    """Make one more worker's application that counts at this URL."""
    made = []

    def make(url, **values):
        settings = settings_for(migrated, rate_limit_storage_url=url, **values)
        made.append(create_app(settings))
        return made[-1].test_client()

    yield make
    for application in made:
        application.extensions["database"].close()


def statuses(client, number):
    return [client.get("/nowhere").status_code for _ in range(number)]


def test_workers_count_together(redis_server, worker):
    one, other = (worker(redis_server.url, rate_limit="3/hour") for _ in range(2))

    assert statuses(one, 2) == [404, 404]
    assert statuses(other, 2) == [404, 429]
    assert statuses(one, 1) == [429]


def test_where_redis_is_away_a_worker_counts_by_itself_and_says_so(redis_server, worker, caplog):
    client = worker(redis_server.url, rate_limit="3/hour")
    statuses(client, 1)
    redis_server.stop()

    answers = statuses(client, 5)

    assert answers == [404, 404, 404, 429, 429]
    assert "storage unreachable" in caplog.text
    assert "a-redis-password" not in caplog.text


def test_a_redis_that_was_never_there_stops_nobody(worker):
    client = worker(f"redis://127.0.0.1:{free_port()}/0", rate_limit="1/hour")

    assert statuses(client, 2) == [404, 429]


def test_a_redis_that_comes_back_counts_again(redis_server, worker):
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


def test_a_redis_that_hangs_is_given_up_within_seconds(worker):
    with closing(deaf_listener()) as listener:
        client = worker(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        started = time.monotonic()

        answer = client.get("/nowhere")

    assert answer.status_code == 404
    assert time.monotonic() - started < 3


def deaf_listener():
    """It accepts, by its backlog, and never answers."""
    import socket  # noqa: PLC0415

    return socket.create_server(("127.0.0.1", 0))


def test_no_name_is_kept_in_redis(redis_server, worker):
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
        answers = service.burst("/nowhere", threads=8, each=5)

    assert [answer.status_code for answer in answers].count(404) == 20
