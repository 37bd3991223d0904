"""Two replicas of the service, each connected to another node: what they share, and what not."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dev.names import DATABASE
from tests.support.redis_server import running_redis
from tests.support.service import UNLIMITED, serving

pytestmark = pytest.mark.nightly

METRICS_TOKEN = "metrics-token-of-the-tests-of-two-replicas"


@pytest.fixture(scope="module")
def redis_url():
    with running_redis() as redis:
        yield redis.url


@pytest.fixture(scope="module")
def replicas(galera):
    """Two replicas without a limit of requests."""
    with (
        serving(galera.node_url(1), METRICS_TOKEN=METRICS_TOKEN, **UNLIMITED) as one,
        serving(galera.node_url(2), METRICS_TOKEN=METRICS_TOKEN, **UNLIMITED) as other,
    ):
        yield one, other


@pytest.fixture(scope="module")
def admin(galera):
    (user,) = [user for user in galera.users if user["role"] == "admin"]
    return user["user_name"], user["password"]


@pytest.fixture(scope="module")
def headers(replicas, admin):
    response = replicas[0].client.post("/v1/tokens", auth=admin)
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


def student(name):
    return {
        "first_name": "Two",
        "last_name": "Replicas",
        "email": f"{name}@example.org",
        "campus_id": 1,
        "address": {"address": name, "district": "D", "city_id": 1, "phone": "+0"},
    }


def students_with(galera, name):
    sql = f"SELECT COUNT(*) FROM `{DATABASE}`.student WHERE email = %s"
    return [node.query(sql, f"{name}@example.org") for node in galera.nodes.values()]


def test_a_token_of_one_replica_is_valid_at_the_other(replicas, headers):
    assert [each.get("/v1/students/1", headers=headers).status_code for each in replicas] == [
        200,
        200,
    ]


def test_a_refresh_token_that_one_replica_has_exchanged_is_refused_by_the_other(replicas, admin):
    pair = replicas[0].client.post("/v1/tokens", auth=admin).json()
    body = {"refresh_token": pair["refresh_token"]}
    statuses = [each.client.post("/v1/tokens/refresh", json=body).status_code for each in replicas]

    assert statuses == [201, 409]


def test_a_repeated_write_gets_the_response_of_the_other_replica(replicas, headers, galera):
    name = f"sequential-{time.time_ns()}"
    first, second = (
        each.client.post(
            "/v1/students", json=student(name), headers={**headers, "Idempotency-Key": name}
        )
        for each in replicas
    )

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()
    assert students_with(galera, name) == [[(1,)]] * 3


def test_one_key_at_both_replicas_at_once_is_executed_once(replicas, headers, galera):
    statuses = set()
    for number in range(20):
        name = f"together-{number}-{time.time_ns()}"

        def write(replica, name=name):
            return replica.client.post(
                "/v1/students", json=student(name), headers={**headers, "Idempotency-Key": name}
            ).status_code

        with ThreadPoolExecutor(2) as pool:
            statuses |= set(pool.map(write, replicas))

        assert students_with(galera, name) == [[(1,)]] * 3
    assert statuses <= {201, 409}, statuses


def test_replicas_with_redis_count_requests_together(galera, redis_url):
    limits = {**UNLIMITED, "RATE_LIMIT": "6/hour", "WEB_CONCURRENCY": 1}
    with (
        serving(galera.node_url(1), RATE_LIMIT_STORAGE_URL=redis_url, **limits) as one,
        serving(galera.node_url(2), RATE_LIMIT_STORAGE_URL=redis_url, **limits) as other,
    ):
        statuses = [each.get("/nowhere").status_code for _ in range(4) for each in (one, other)]

    assert statuses == [404] * 6 + [429] * 2


def test_replicas_without_redis_count_requests_separately(galera):
    limits = {**UNLIMITED, "RATE_LIMIT": "3/hour", "WEB_CONCURRENCY": 1}
    with (
        serving(galera.node_url(1), **limits) as one,
        serving(galera.node_url(2), **limits) as other,
    ):
        statuses = [[each.get("/nowhere").status_code for _ in range(4)] for each in (one, other)]

    assert statuses == [[404, 404, 404, 429]] * 2


def test_wrong_passwords_at_both_replicas_are_counted_together_with_redis(galera, redis_url):
    limits = {**UNLIMITED, "SIGN_IN_RATE_LIMIT": "4/hour", "WEB_CONCURRENCY": 1}
    with (
        serving(galera.node_url(1), RATE_LIMIT_STORAGE_URL=redis_url, **limits) as one,
        serving(galera.node_url(2), RATE_LIMIT_STORAGE_URL=redis_url, **limits) as other,
    ):
        statuses = [
            each.client.post("/v1/tokens", auth=("nobody", "wrong")).status_code
            for _ in range(3)
            for each in (one, other)
        ]

    assert statuses == [401] * 4 + [429] * 2


def test_each_replica_reports_its_own_requests(replicas):
    """Prometheus reads every replica and adds the values."""
    before = [requests_to_livez(each) for each in replicas]
    for _ in range(3):
        replicas[0].get("/livez")
    after = [requests_to_livez(each) for each in replicas]

    assert [new - old for old, new in zip(before, after, strict=True)] == [3, 0]


def requests_to_livez(replica):
    text = replica.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text
    lines = [line for line in text.splitlines() if "/livez" in line and "_count" in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)
