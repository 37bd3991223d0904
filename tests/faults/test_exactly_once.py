"""The service as it is deployed: five hundred writes with keys, while commits are cut.

Connections are killed at random points, too, and clients send again what was not answered.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from tests.faults.behavior import Trap
from tests.faults.lane import at
from tests.faults.proxy import Proxy
from tests.support.api import ADDRESS
from tests.support.database import kill_all, query
from tests.support.service import serving

WRITES, CLIENTS = 500, 10
TRIES = 100
SEED = 7
OURS = "last_name = 'Once'"


@pytest.fixture
def proxy(server):
    with Proxy(server.port) as between:
        yield between


@pytest.fixture
def service(server, migrated, proxy):
    with serving(at(migrated, port=proxy.port)) as running:
        yield running


@pytest.fixture
def root(server, migrated):
    with closing(server.connect(migrated)) as connection:
        yield connection
        addresses = query(connection, f"SELECT address_id FROM student WHERE {OURS}")
        query(connection, f"DELETE FROM student WHERE {OURS}")
        query(connection, "DELETE FROM address WHERE address_id IN %s", (addresses,))


@pytest.fixture
def admin(service, server):
    (user,) = [user for user in server.users if user.role == "admin"]
    answer = service.client.post("/v1/tokens", auth=(user.user_name, user.password))
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def insist(client, headers, number):
    """Post a student, again until it is answered; gives its key and all statuses."""
    new = {
        "campus_id": 1,
        "first_name": str(number),
        "last_name": "Once",
        "email": f"once.{number}@example.edu",
        "address": ADDRESS,
    }
    statuses = []
    for _ in range(TRIES):
        try:
            answer = client.post(
                "/v1/students", json=new, headers={**headers, "Idempotency-Key": f"once-{number}"}
            )
        except httpx.TransportError:
            statuses.append(0)
            continue
        statuses.append(answer.status_code)
        if answer.status_code == 201:
            return answer.json()["student_id"], statuses
        assert answer.status_code in {409, 503}, answer.text
        time.sleep(0.02)
    raise AssertionError(f"{number} was never stored: {statuses}")


def test_500_writes_with_keys_are_stored_exactly_once(service, proxy, root, migrated, admin):
    chance = random.Random(SEED)
    proxy.behavior.traps = [
        Trap(b"COMMIT", "cut", chance=0.15),
        Trap(b"INSERT", "drop", chance=0.1),
    ]

    with (
        httpx.Client(base_url=service.client.base_url, timeout=30, trust_env=False) as client,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        running = [pool.submit(insist, client, admin, number) for number in range(WRITES)]
        while not all(one.done() for one in running):
            time.sleep(chance.uniform(0.05, 0.3))
            kill_all(root, migrated)
    told = {str(number): one.result()[0] for number, one in enumerate(running)}
    stored = query(root, f"SELECT first_name, student_id FROM student WHERE {OURS}")

    assert sorted(stored) == sorted(told.items())
    # ... and not because nothing happened.
    assert sum(len(one.result()[1]) for one in running) > WRITES
