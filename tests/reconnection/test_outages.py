"""`adaptive` under load during outages shorter than DB_OUTAGE_PATIENCE_SECONDS: no request fails.

Eight clients read, and write with retriable transactions, through HTTP. The clients do not repeat
a request.
"""

import secrets
import time
from contextlib import ExitStack, closing, suppress

import pytest
from pymysql.err import OperationalError

from app.db.url import DatabaseUrl
from tests.db.relay import Relay, through
from tests.db.test_concurrency import settles
from tests.deployment.servers import nightly_on_granian
from tests.faults import ledger
from tests.faults.load import Client, polling_livez, traffic
from tests.faults.scenario import LedgerService
from tests.faults.variants import VARIANTS
from tests.support.database import kill_all, query
from tests.support.server import start_server

OPTIONS = {"max_user_connections": 1000}  # cannot be changed at run time if it is 0 at startup
OUTAGE_SECONDS = 3


class Outage:
    """A service behind a relay, and the two servers that it can lead to."""

    def __init__(self, server, second_server, relay, url):
        self.server, self.second_server, self.relay, self.url = server, second_server, relay, url


@pytest.fixture(scope="module")
def servers():
    with start_server(**OPTIONS) as first, start_server(**OPTIONS) as second:
        yield first, second


@pytest.fixture
def outage(servers):
    first, second = servers
    url = first.create_database("outages")
    account = DatabaseUrl.parse(url)
    with closing(second.connect()) as root:
        second.create_database("outages")
        query(root, "ALTER USER %s@'%%' IDENTIFIED BY %s", (account.user, account.password))
    for server in servers:
        ledger.create(server, url)
    with Relay(first.port) as relay:
        yield Outage(first, second, relay, url)


@pytest.fixture
def service(outage, served_by):
    settings = {
        "DB_COMMIT_TOKENS": "0",
        # MySQL takes longer than the default patience to start.
        "DB_OUTAGE_PATIENCE_SECONDS": "30",
        "DB_CONNECT_TIMEOUT_SECONDS": "30",
        "DB_POOL_TIMEOUT_SECONDS": "30",
    }
    url = through(outage.relay, outage.url)
    service = LedgerService(url, variant=VARIANTS["adaptive"], served_by=served_by, **settings)
    try:
        yield service.start()
    finally:
        service.stop()


def restart(outage):
    outage.server.restart()


def crash(outage):
    outage.server.kill()
    time.sleep(OUTAGE_SECONDS)
    outage.server.start()


def too_many_connections(outage):
    with closing(outage.server.connect()) as root, ExitStack() as others:
        query(root, "SET GLOBAL max_connections = 10")
        kill_all(root, outage.url)
        with suppress(OperationalError):  # until there are too many
            while True:
                others.enter_context(closing(outage.server.connect()))
        time.sleep(OUTAGE_SECONDS)
        query(root, "SET GLOBAL max_connections = 151")


def too_many_user_connections(outage):
    with closing(outage.server.connect()) as root:
        query(root, "SET GLOBAL max_user_connections = 1")
        kill_all(root, outage.url)
        time.sleep(OUTAGE_SECONDS)
        query(root, "SET GLOBAL max_user_connections = 1000")


def address_moved(outage):
    outage.relay.target = outage.second_server.port
    outage.relay.reset()


def failover(outage):
    outage.relay.rejects_clients = True
    outage.relay.reset()
    time.sleep(4)
    outage.relay.target = outage.second_server.port
    outage.relay.rejects_clients = False


def write(client):
    """Send one transaction that `Database` may retry at any point."""
    path = f"/write?entry={secrets.token_hex(16)}"
    return client._request("keyed write", "POST", path, key=secrets.token_hex(16))


@pytest.mark.parametrize(
    ("cause", "served_by"),
    [
        (restart, "gunicorn"),
        pytest.param(crash, "gunicorn", marks=pytest.mark.nightly),
        (too_many_connections, "gunicorn"),
        pytest.param(too_many_user_connections, "gunicorn", marks=pytest.mark.nightly),
        pytest.param(address_moved, "gunicorn", marks=pytest.mark.nightly),
        (failover, "gunicorn"),
        pytest.param(restart, "granian", marks=pytest.mark.nightly),
        pytest.param(failover, "granian", marks=pytest.mark.nightly),
    ],
)
def test_a_short_outage_under_load_fails_no_request(cause, served_by, outage, service):
    client = Client(service.port, timeout_seconds=60)
    mix = (client.read, client.read, lambda: write(client))
    with traffic(client, mix=mix, pause_seconds=0.06), polling_livez(client):
        assert settles(lambda: len(client.responses) > 100)
        cause(outage)
        after = len(client.responses)
        assert settles(lambda: len(client.responses) > after + 100)

    failures = [response.label for response in client.responses if not response.is_success]
    assert failures == [], service.log.read_text()[-5000:]


@nightly_on_granian
def test_livez_is_answered_while_all_requests_wait(served_by, outage, service):
    """More clients than threads: one thread of each worker stays free."""
    client = Client(service.port, timeout_seconds=60)
    with traffic(client, clients=40, mix=(client.read,)):
        assert settles(lambda: len(client.responses) > 100)
        outage.relay.rejects_clients = True
        outage.relay.reset()
        time.sleep(1)
        with polling_livez(client):
            time.sleep(2)
        outage.relay.rejects_clients = False

    livez = [response for response in client.responses if response.kind == "livez"]
    assert all(response.is_success for response in livez)
    assert max(response.seconds for response in livez) < 1  # measured: 0.1 s
    rejected = {response.label for response in client.responses if not response.is_success}
    assert rejected <= {"503 busy", "503 unavailable"}
