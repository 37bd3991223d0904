"""`/readyz` recovers by itself: its answer does not depend on other requests.

In each case only `/readyz` is requested after the recovery, as by a load balancer that sends no
traffic to a backend that is not ready.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from app import create_app
from app.db.url import DatabaseUrl
from tests.db.test_concurrency import settles
from tests.faults.admin import ServerAdmin
from tests.faults.haproxy import HAProxy
from tests.support.database import kill_all, query, settings_for
from tests.support.server import start_server
from tests.support.service import serving

LOOKUP = "/?city=London"
POLL_SECONDS = 1
# Five seconds are promised; more on a busy machine.
RECOVERY_SECONDS = 10
HTTP_CHECK = """
defaults
    mode http
    timeout connect 2s
    timeout client {idle_ms}ms
    timeout server {idle_ms}ms
listen service
    bind 127.0.0.1:{port}
    option httpchk GET /readyz
    http-check expect status 200
    server one 127.0.0.1:{target} check inter 1s fall 2 rise 1
"""


@pytest.fixture(scope="module")
def own_server():
    with start_server() as running:
        yield running


@pytest.fixture(scope="module")
def sample_url(own_server):
    return own_server.create_sample_database()


@pytest.fixture
def root(own_server):
    with closing(own_server.connect()) as connection:
        yield connection


class Account:
    """An account for the sample database, which the server rejects at times."""

    def __init__(self, server, url):
        self._server = server
        self.url = server.create_database(DatabaseUrl.parse(url).name, user="rotated")
        self._password = DatabaseUrl.parse(self.url).password

    def reject(self):
        self._identify_by("another")

    def accept(self):
        self._identify_by(self._password)

    def _identify_by(self, password):
        with closing(self._server.connect()) as root:
            query(root, "ALTER USER rotated@'%%' IDENTIFIED BY %s", (password,))


@pytest.fixture
def account(own_server, sample_url):
    account = Account(own_server, sample_url)
    yield account
    account.accept()


@pytest.fixture
def app(account):
    application = create_app(settings_for(account.url))
    yield application
    application.extensions["database"].close()


@pytest.fixture
def client(app):
    return app.test_client()


def becomes_ready(client):
    """Poll only `/readyz`; returns whether it became ready in time."""
    until = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < until:
        if client.get("/readyz").status_code == 200:
            return True
        time.sleep(POLL_SECONDS)
    return False


def test_readyz_recovers_after_a_wrong_password(client, account, root):
    assert client.get("/readyz").status_code == 200
    account.reject()
    kill_all(root, account.url)
    assert client.get(LOOKUP).status_code == 503
    account.accept()

    assert becomes_ready(client)
    assert client.get(LOOKUP).status_code == 200


def test_readyz_recovers_while_the_pool_holds_live_connections(app, client, account):
    with app.extensions["database"].transaction():
        account.reject()
        with ThreadPoolExecutor(1) as other:
            assert other.submit(client.get, LOOKUP).result().status_code == 503
    assert client.get(LOOKUP).status_code == 200  # on the live connection
    assert client.get("/readyz").status_code == 503
    account.accept()

    assert becomes_ready(client)


def test_readyz_alone_sends_few_wrong_passwords(client, account, root):
    account.reject()
    kill_all(root, account.url)
    before = rejected_logins(root)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        assert client.get("/readyz").status_code == 503

    assert rejected_logins(root) - before <= 3


def rejected_logins(root):
    return int(query(root, "SHOW GLOBAL STATUS LIKE 'Connections'")[0][1])


def test_readyz_recovers_after_the_server_was_down(client, own_server):
    assert client.get("/readyz").status_code == 200
    own_server.kill()
    assert client.get("/readyz").status_code == 503
    own_server.start()

    assert becomes_ready(client)


def test_readyz_is_answered_while_requests_wait_for_the_server(account, own_server):
    settings = {"threads": 1, "db_outage_patience_seconds": 60, "db_connect_timeout_seconds": 60}
    application = create_app(settings_for(account.url, **settings))
    database, client = application.extensions["database"], application.test_client()
    own_server.kill()
    try:
        with ThreadPoolExecutor(1) as other:
            waiting = other.submit(application.test_client().get, LOOKUP)
            assert settles(lambda: database.statistics().get("waited_for_server") == 1)
            assert client.get("/readyz").status_code == 503
            assert not waiting.done()
            own_server.start()

            assert waiting.result(timeout=60).status_code == 200
    finally:
        own_server.start()
        database.close()


def test_readyz_does_not_wait_for_a_server_that_accepts_and_stays_silent(
    app, client, account, own_server
):
    """A suspended server: its kernel accepts connections."""
    database = app.extensions["database"]
    database.fetch_one("SELECT 1")
    suspended = ServerAdmin(own_server, account.url).suspended()
    with suspended, ThreadPoolExecutor(1) as other:
        response = other.submit(client.get, "/readyz").result(timeout=20)  # not the read timeout

    assert response.status_code == 503
    assert becomes_ready(client)


def test_readyz_recovers_while_a_connection_stays_in_use(app, client, account):
    database = app.extensions["database"]
    held = [database.connections.checkout() for _ in range(8)]
    assert database.statistics()["checked_out"] == 8
    account.reject()
    for tx in held[1:]:
        database.connections.invalidate(tx)
    with ThreadPoolExecutor(7) as others:
        responses = list(others.map(client.get, [LOOKUP] * 7))
    assert {response.status_code for response in responses} == {503}
    account.accept()

    assert becomes_ready(client)
    database.connections.checkin(held[0])
    assert database.statistics()["checked_out"] == 0


@pytest.mark.parametrize("reason", ["password", "crash"])
def test_haproxy_brings_the_backend_back(reason, account, own_server, root):
    with (
        serving(account.url) as service,
        HAProxy(service.port, idle_seconds=60, configuration=HTTP_CHECK) as proxy,
        httpx.Client(base_url=f"http://127.0.0.1:{proxy.port}", trust_env=False) as client,
    ):
        assert settles(lambda: is_up(client))
        if reason == "password":
            account.reject()
            kill_all(root, account.url)
        else:
            own_server.kill()
        assert service.get(LOOKUP).status_code == 503
        assert settles(lambda: not is_up(client))
        if reason == "password":
            account.accept()
        else:
            own_server.start()

        assert settles(lambda: is_up(client), seconds=RECOVERY_SECONDS)
        # The check reached one worker process; each of them makes its own trials.
        for _ in range(20):
            assert settles(
                lambda: service.get("/readyz").status_code == 200, seconds=RECOVERY_SECONDS
            )


def is_up(client):
    """Return whether HAProxy forwards requests; `/livez` does not use the database."""
    return client.get("/livez").status_code == 200
