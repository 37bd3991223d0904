"""Writes are stored exactly once, although connections close at COMMIT.

First with `Database` alone: 500 cut COMMITs, on all strategies, and no write fails or has an
unknown outcome. Then writes with idempotency keys (500 in `make test-nightly`) against the deployed
service: connections close at COMMIT and INSERT, all connections are killed at random times, and
clients retry until they receive a 201.
"""

import random
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from app.db import DuplicateKey
from app.db.strategies import STRATEGIES
from dev.faults.proxy import Proxy
from dev.faults.proxy_behavior import StatementFault
from tests.faults import ledger
from tests.faults.environment import with_address
from tests.faults.ledger import Discrepancies
from tests.faults.ledger_entry import Entry
from tests.support.api import ADDRESS
from tests.support.database import kill_all, opened, query
from tests.support.service import serving

CUT_COMMITS, WRITERS = 500, 4
COMBINATIONS = [
    *((name, "pymysql") for name in STRATEGIES if name != "single"),
    ("adaptive", "mysqlclient"),
]
# Of each combination, with and without a key, before and after the server has executed COMMIT.
CUTS_EACH = -(-CUT_COMMITS // (len(COMBINATIONS) * 4))
CLIENTS = 10
MAX_ATTEMPTS = 100
SEED = 7
WRITTEN_HERE = "last_name = 'Once'"


@pytest.fixture(scope="module")
def ledger_url(server):
    url = server.create_database()
    ledger.create(server, url)
    return url


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


def write_until_all_are_cut(database, fault, *, has_key):
    """Write entries until the fault has occurred as often as it may; return their names."""
    written = []
    while fault.times:
        name = secrets.token_hex(16)
        entry = Entry(name, key=name if has_key else None)
        try:
            database.run_transaction(
                lambda tx, entry=entry: entry.write(tx.execute), idempotent=has_key
            )
        except DuplicateKey:
            assert has_key  # the key of the first attempt, which was committed
        database.end_request()
        written.append(name)
    return written


def cut_commits(proxy, database, action, *, times, has_key):
    """Write in several threads while COMMITs are cut; return what is known about each entry."""
    fault = StatementFault(b"COMMIT", action, probability=0.5, times=times)
    proxy.behavior.statement_faults = [fault]
    with ThreadPoolExecutor(WRITERS) as pool:
        futures = [
            pool.submit(write_until_all_are_cut, database, fault, has_key=has_key)
            for _ in range(WRITERS)
        ]
    proxy.behavior.statement_faults = []
    return {name: "stored" for future in futures for name in future.result()}


@pytest.mark.parametrize("has_key", [False, True], ids=["without key", "with key"])
@pytest.mark.parametrize("combination", COMBINATIONS, ids=", ".join)
def test_each_write_whose_commit_is_cut_is_stored_once(
    server, ledger_url, proxy, combination, has_key
):
    strategy, driver = combination
    url = with_address(ledger_url, port=proxy.port)
    told = {}
    with opened(url, db_strategy=strategy, db_driver=driver, db_pool_size=WRITERS) as database:
        for action in ("close_before_response", "close_before_execution"):
            told |= cut_commits(proxy, database, action, times=CUTS_EACH, has_key=has_key)

    entries = {
        name: rows for name, rows in ledger.stored(server, ledger_url).items() if name in told
    }
    assert ledger.compare(told, entries) == Discrepancies()
    assert Counter(len(rows) for rows in entries.values()) == {2: len(told)}


@pytest.mark.parametrize("strategy", ["adaptive", "pooled"])
def test_each_write_whose_commit_is_not_answered_is_stored_once(
    server, ledger_url, proxy, strategy
):
    url = with_address(ledger_url, port=proxy.port)
    with opened(url, db_strategy=strategy, db_read_timeout_seconds=1) as database:
        told = cut_commits(proxy, database, "no_response", times=3, has_key=False)

    entries = {
        name: rows for name, rows in ledger.stored(server, ledger_url).items() if name in told
    }
    assert ledger.compare(told, entries) == Discrepancies()


def post_until_created(client, headers, number):
    """Post a student until the response is 201; return its id."""
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
            return response.json()["student_id"]
        assert response.status_code in {409, 503}, response.text
        time.sleep(0.02)
    raise AssertionError(f"{number} was never stored: {statuses}")


@pytest.mark.parametrize("writes", [30, pytest.param(500, marks=pytest.mark.nightly)])
def test_writes_with_keys_are_stored_exactly_once(
    service, proxy, root, migrated, admin_headers, *, writes
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
            for number in range(writes)
        ]
        while not all(future.done() for future in futures):
            time.sleep(generator.uniform(0.05, 0.3))
            kill_all(root, migrated)
    reported = {str(number): future.result() for number, future in enumerate(futures)}
    stored = query(root, f"SELECT first_name, student_id FROM student WHERE {WRITTEN_HERE}")

    assert sorted(stored) == sorted(reported.items())
    # The faults replaced connections.
    assert proxy.accepted > writes / 10
