"""The writer is killed while clients write through HAProxy, with an application in this process.

All other events, and the service in processes of its own: `make test-cluster`.
"""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dev.cluster.galera import OPTIONS, PROXY_ACCOUNT
from dev.cluster.haproxy import HAProxy
from dev.keep import free_port
from tests.cluster.ledger import Ledger
from tests.cluster.load import student
from tests.cluster.racing import Writer
from tests.db.test_concurrency import settles
from tests.support.database import query
from tests.support.galera import start_galera

pytestmark = pytest.mark.nightly  # two nodes take up to 45 s to start on a busy machine

CLIENTS = 4
WRITES = 5  # of each client before and after the writer is killed
PATIENCE_SECONDS = 60  # the test must not depend on the speed of a busy machine
EVS = re.compile(r"(evs\.\w+)=(\w[\w.]*)")


@pytest.fixture(scope="module")
def nodes():
    """Two nodes, of which the first one alone has a majority, with the documented timeouts."""
    with start_galera(2, **dict(EVS.findall(OPTIONS.read_text()))) as started:
        yield started


@pytest.fixture(scope="module")
def url(nodes, tmp_path_factory):
    """The URL of the database through HAProxy; the second node is the writer."""
    survivor, writer = nodes
    query(survivor.watcher, PROXY_ACCOUNT)
    direct, port = survivor.create_sample_database(), free_port()
    addresses = {
        "node1:3306": f"{writer.host}:{writer.port}",
        "node2:3306": f"{survivor.host}:{survivor.port}",
        "node3:3306": f"127.0.0.1:{free_port()}",  # does not run
        ":3306": f"127.0.0.1:{port}",
        ":3307": f"127.0.0.1:{free_port()}",
    }
    proxy = HAProxy("haproxy-galera", addresses, tmp_path_factory.mktemp("haproxy"))
    proxy.start()
    try:
        proxy.wait_for("writer", 2)
        yield direct.replace(f"{survivor.host}:{survivor.port}", f"127.0.0.1:{port}")
    finally:
        proxy.stop()


class Clients:
    """Threads that create students, each with an `Idempotency-Key`, until `stop`."""

    def __init__(self, writer):
        self._writer = writer
        self._stopped = threading.Event()
        self.ledger = Ledger("killedwriter")
        self.responses = [[] for _ in range(CLIENTS)]
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._runs = [self._pool.submit(self._run, number) for number in range(CLIENTS)]

    def _run(self, number):
        responses = self.responses[number]
        while not self._stopped.is_set():
            name = f"{self.ledger.run}-{number}-{len(responses)}"
            response = self._writer.send(
                "POST", "/v1/students", student(name), **{"Idempotency-Key": name}
            )
            self.ledger.student(name, "stored" if response.status_code == 201 else "unknown")
            responses.append((response.status_code, response.get_data(as_text=True)))

    def await_writes(self, count):
        """Wait until each client has received this many further responses."""
        goals = [len(responses) + count for responses in self.responses]
        assert settles(
            lambda: all(len(got) >= goal for got, goal in zip(self.responses, goals, strict=True)),
            seconds=2 * PATIENCE_SECONDS,
        )

    def stop(self):
        self._stopped.set()
        for run in self._runs:
            run.result()
        self._pool.shutdown()


def test_no_write_fails_or_is_lost_or_doubled(nodes, url):
    survivor, killed = nodes
    (admin,) = [login for login in survivor.users if login.role == "admin"]
    writer = Writer(
        url,
        db_outage_patience_seconds=PATIENCE_SECONDS,
        db_read_consistency="causal",
        db_proxy_idle_limit_seconds=60,
    )
    writer.sign_in({"user_name": admin.user_name, "password": admin.password})
    clients = Clients(writer)
    try:
        clients.await_writes(WRITES)
        killed.kill()
        clients.await_writes(WRITES)
    finally:
        clients.stop()
        writer.close()

    failed = [each for got in clients.responses for each in got if each[0] != 201]
    assert failed == []
    with survivor.connect(url) as connection, connection.cursor() as cursor:
        assert dict(clients.ledger.compare(cursor)) == {}
