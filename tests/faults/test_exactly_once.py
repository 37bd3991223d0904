"""500 writes with idempotency keys against the deployed service, each stored exactly once.

The proxy closes connections at COMMIT and INSERT, all connections are killed at random times, and
clients retry until they receive a 201.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from tests.faults.environment import with_address
from tests.faults.proxy import Proxy
from tests.faults.proxy_behavior import StatementFault
from tests.support.api import ADDRESS
from tests.support.database import kill_all, query
from tests.support.service import serving

WRITES, CLIENTS = 500, 10
MAX_ATTEMPTS = 100
SEED = 7
WRITTEN_HERE = "last_name = 'Once'"


@pytest.fixture
def proxy(server):
    with Proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def service(server, migrated, proxy):
    with serving(with_address(migrated, port=proxy.port)) as running:
        yield running


@pytest.fixture
def root(server, migrated):
    with closing(server.connect(migrated)) as connection:
        yield connection
        addresses = query(connection, f"SELECT address_id FROM student WHERE {WRITTEN_HERE}")
        query(connection, f"DELETE FROM student WHERE {WRITTEN_HERE}")
        query(connection, "DELETE FROM address WHERE address_id IN %s", (addresses,))


@pytest.fixture
def admin_headers(service, server):
    (user,) = [user for user in server.users if user.role == "admin"]
    response = service.client.post("/v1/tokens", auth=(user.user_name, user.password))
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


def post_until_created(client, headers, number):
    """Post a student until the response is 201; return its id and the statuses received."""
    student = {
        "campus_id": 1,
        "first_name": str(number),
        "last_name": "Once",
        "email": f"once.{number}@example.edu",
        "address": ADDRESS,
    }
    statuses = []
    for _ in range(MAX_ATTEMPTS):
        try:
            response = client.post(
                "/v1/students",
                json=student,
                headers={**headers, "Idempotency-Key": f"once-{number}"},
            )
        except httpx.TransportError:
            statuses.append(0)
            continue
        statuses.append(response.status_code)
        if response.status_code == 201:
            return response.json()["student_id"], statuses
        assert response.status_code in {409, 503}, response.text
        time.sleep(0.02)
    raise AssertionError(f"{number} was never stored: {statuses}")


def test_500_writes_with_keys_are_stored_exactly_once(
    service, proxy, root, migrated, admin_headers
):
    generator = random.Random(SEED)
    proxy.behavior.statement_faults = [
        StatementFault(b"COMMIT", "close_before_response", probability=0.15),
        StatementFault(b"INSERT", "close_before_execution", probability=0.1),
    ]

    with (
        httpx.Client(base_url=service.client.base_url, timeout=30, trust_env=False) as client,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        futures = [
            pool.submit(post_until_created, client, admin_headers, number)
            for number in range(WRITES)
        ]
        while not all(future.done() for future in futures):
            time.sleep(generator.uniform(0.05, 0.3))
            kill_all(root, migrated)
    reported = {str(number): future.result()[0] for number, future in enumerate(futures)}
    stored = query(root, f"SELECT first_name, student_id FROM student WHERE {WRITTEN_HERE}")

    assert sorted(stored) == sorted(reported.items())
    # The faults caused retries.
    assert sum(len(future.result()[1]) for future in futures) > WRITES
