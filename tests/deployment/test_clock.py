"""The clock of the machine is set while the service runs.

Durations are measured by the monotonic clock, and the database's rows by the database's clock; only
the times in access tokens are compared with the wall clock.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import uuid4

import httpx
import jwt
import pytest

from app.auth import sessions
from tests.db.relay import Relay, through
from tests.deployment.servers import LOOKUP, booted_workers, until
from tests.support.database import query
from tests.support.raw_http import connect, head_of, read_response
from tests.support.service import SECRET, serving
from tests.support.signing_in import PROTECTED_PATH
from tests.support.wall_clock import WallClock

HOUR = 3600
DAY = 24 * HOUR
PING = b"\x01\x00\x00\x00\x0e"
ADDRESSES = count(1)
SETTINGS = {
    "WEB_CONCURRENCY": 1,
    "THREADS": 2,
    "TRUSTED_PROXIES": 1,
    "RATE_LIMIT": "30/hour",
    "DB_OUTAGE_PATIENCE_SECONDS": 3,
}


@pytest.fixture(scope="module")
def module_clock(tmp_path_factory):
    return WallClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture
def clock(module_clock):
    yield module_clock
    module_clock.set(0)


@pytest.fixture(scope="module")
def relay(server):
    with Relay(server.port) as relay:
        yield relay


@pytest.fixture(scope="module")
def service(relay, migrated, module_clock):
    with serving(through(relay, migrated), **SETTINGS, **module_clock.environment) as service:
        service.client.timeout = 20
        yield service


@pytest.fixture
def address():
    """Headers of a client with an address of its own, whose requests are counted separately."""
    return {"X-Forwarded-For": f"192.0.2.{next(ADDRESSES)}"}


@pytest.fixture
def claims(tokens):
    """The claims of a valid token of the administrator, issued two hours ago."""
    claims = jwt.decode(tokens["admin"], options={"verify_signature": False})
    return claims | {"iat": claims["iat"] - 2 * HOUR}


@pytest.fixture
def admin(claims):
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


@pytest.fixture
def refresh(app, service, claims, address):
    """A function that uses a refresh token of the administrator; a new session each time."""

    def start():
        token = sessions.new_token()
        app.extensions["database"].run_transaction(
            lambda tx: sessions.start(tx, int(claims["sub"]), token, seconds=60)
        )
        return lambda: service.client.post(
            "/v1/tokens/refresh", json={"refresh_token": token}, headers=address
        )

    return start


@pytest.fixture
def in_background(service, address):
    """A function that sends a request that reads the database; returns its future status."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(lambda: service.get(LOOKUP, headers=address).status_code)


@pytest.mark.parametrize("shift", [-HOUR, HOUR])
def test_the_window_of_a_rate_limit_keeps_its_length(shift, service, clock, address):
    def rejected():
        response = service.get("/nowhere", headers=address)
        return int(response.headers["Retry-After"]) if response.status_code == 429 else None

    while (before := rejected()) is None:
        pass
    clock.set(shift)
    after = rejected()

    assert before - 60 <= after <= before <= HOUR


@pytest.mark.parametrize(("seconds", "status"), [(2, 200), (60, 401)])
def test_a_token_from_a_replica_a_little_ahead_is_accepted(
    seconds, status, service, clock, refresh
):
    use = refresh()
    clock.set(seconds)
    token = use().json()["access_token"]
    clock.set(0)

    response = service.get(PROTECTED_PATH, headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == status


def test_tokens_are_valid_at_the_current_time_only(service, clock, refresh):
    token = refresh()().json()["access_token"]

    def status(shift):
        clock.set(shift)
        return service.get(PROTECTED_PATH, headers={"Authorization": f"Bearer {token}"}).status_code

    assert [status(shift) for shift in (0, HOUR, -HOUR, 0)] == [200, 401, 401, 200]


@pytest.mark.parametrize("shift", [-400 * DAY, 400 * DAY])
def test_refresh_tokens_expire_by_the_clock_of_the_database(shift, clock, refresh):
    use = refresh()
    clock.set(shift)

    assert [use().status_code for _ in range(2)] == [201, 409]


def test_a_request_is_recognized_by_its_idempotency_key(service, clock, claims, dba):
    claims = claims | {"iat": claims["iat"] - DAY, "exp": claims["exp"] + 3 * DAY}
    headers = {
        "Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}",
        "Idempotency-Key": uuid4().hex,
    }
    body = {"name": f"Horology {uuid4().hex[:8]}"}
    first = service.client.post("/v1/subjects", json=body, headers=headers)
    clock.set(2 * DAY)
    again = service.client.post("/v1/subjects", json=body, headers=headers)
    query(dba, "DELETE FROM subject WHERE name = %s", (body["name"],))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()


def test_pooled_connections_do_not_become_older(service, relay, clock, admin):
    def opened_and_pings(shift):
        clock.set(shift)
        assert service.get(PROTECTED_PATH, headers=admin).status_code == 200
        return relay.accepted, sum(pair.received.count(PING) for pair in relay.connections)

    before = opened_and_pings(0)

    assert [opened_and_pings(shift) for shift in (HOUR, -HOUR, 0)] == [before] * 3


@pytest.fixture
def outage(service, relay, admin):
    """New connections are refused and existing ones reset; ends at the latest with the test."""
    service.get(PROTECTED_PATH, headers=admin)
    relay.rejects_clients = True
    relay.reset()
    yield
    relay.rejects_clients = False
    until(lambda: service.get("/readyz").status_code == 200, "the service is ready")


def refused(relay):
    """Wait for another attempt to connect."""
    before = relay.accepted
    until(lambda: relay.accepted > before, "the service tries to connect")


@pytest.mark.usefixtures("outage")
def test_an_outage_that_is_short_enough_delays_a_request(relay, clock, in_background):
    request = in_background()
    refused(relay)
    clock.set(HOUR)
    refused(relay)
    relay.rejects_clients = False

    assert request.result() == 200


@pytest.mark.usefixtures("outage")
def test_an_outage_that_is_too_long_fails_a_request(relay, clock, in_background):
    request = in_background()
    refused(relay)
    clock.set(-HOUR)

    assert request.result() == 503
    relay.rejects_clients = False
    until(lambda: in_background().result() == 200, "connections are opened again")


def test_a_request_that_is_arriving_keeps_its_time(service, clock):
    request = head_of("/livez")
    with connect(service.port) as client:
        client.sendall(request[:-1])
        service.get("/livez")  # the service has received the beginning before
        clock.set(500 * DAY)
        service.get("/livez")  # the service has looked for expired requests
        client.sendall(request[-1:])

        assert read_response(client).status == 200


def test_no_worker_is_restarted_and_no_client_loses_its_connection(service, clock):
    with httpx.Client(base_url=service.client.base_url, trust_env=False, verify=False) as client:
        peers = set()
        for shift in (0, HOUR, -HOUR, 0):
            clock.set(shift)
            response = client.get("/livez")
            peers.add(response.extensions["network_stream"].get_extra_info("client_addr"))

    assert len(peers) == 1
    assert len(booted_workers(service)) == 1
    assert '"level": "ERROR"' not in service.log.read_text()
