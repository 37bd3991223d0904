"""The connection strategy through MySQL Router with static routes, of Debian unstable."""

import subprocess
from contextlib import closing
from textwrap import dedent
from threading import Timer

import pymysql
import pytest

from app.db.url import DatabaseUrl
from dev.keep import free_port
from dev.launch import launch
from dev.mysql_root import ensure, new_folder, root_folder
from dev.private_server import PrivateServer
from tests.support.database import kill_all, opened, query
from tests.support.replication import wait_until

pytestmark = pytest.mark.nightly

CONFIGURATION = """
    [DEFAULT]
    logging_folder = {folder}

    [routing:primary]
    bind_address = 127.0.0.1
    bind_port = {port}
    destinations = {destinations}
    routing_strategy = first-available
    protocol = classic
    client_ssl_mode = DISABLED
    server_ssl_mode = DISABLED
"""
SERVER = "SELECT @@port AS port"


@pytest.fixture(scope="module")
def mysql_root():
    """The Debian unstable system, with Router."""
    root = root_folder()
    ensure(root)
    if not (root / "usr/bin/mysqlrouter").exists():
        install = "env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends"
        for command in (["apt-get", "-q", "update"], [*install.split(), "mysql-router"]):
            subprocess.run(["chroot", root, *command], check=True, capture_output=True)
    return root


@pytest.fixture(scope="module")
def servers(mysql_root):
    """Two independent servers with the same account and database; and its URL at the first."""
    options = {"flavor": "mysql", "mysql_root": mysql_root}
    with PrivateServer(**options) as first, PrivateServer(**options) as second:
        url = first.create_database("routed")
        second.create_database("routed")
        account = DatabaseUrl.parse(url)
        with closing(second.connect()) as connection:
            change = "ALTER USER %s@'%%' IDENTIFIED BY %s"
            query(connection, change, (account.user, account.password))
        yield first, second, url


@pytest.fixture(scope="module")
def routed_url(mysql_root, servers):
    """The URL of the database at Router, which prefers the first server."""
    first, second, url = servers
    folder, _ = new_folder(mysql_root)
    inside, port = f"/{folder.relative_to(mysql_root)}", free_port()
    destinations = f"127.0.0.1:{first.port}, 127.0.0.1:{second.port}"
    (folder / "router.conf").write_text(
        dedent(CONFIGURATION).format(folder=inside, port=port, destinations=destinations)
    )
    command = ["mysqlrouter", "--user=root", f"--config={inside}/router.conf"]
    process = launch(["chroot", str(mysql_root), *command])
    try:
        yield url.replace(f":{first.port}/", f":{port}/")
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def db(routed_url, servers):
    """A database with both servers running."""
    first, second, _ = servers
    for server in (first, second):
        start_if_stopped(server)
    # A server needs several seconds to start.
    settings = {"db_commit_tokens": False, "db_outage_patience_seconds": 30}

    def is_at_the_first():
        with opened(routed_url, **settings) as database:
            return port_of(database) == first.port

    wait_until(is_at_the_first, "Router uses the first server")
    with opened(routed_url, **settings) as database:
        yield database


def start_if_stopped(server):
    try:
        server.connect().close()
    except pymysql.err.OperationalError:
        server.start()


def port_of(db):
    return db.fetch_one(SERVER)["port"]


def test_a_killed_connection_is_replaced_without_a_failed_statement(db, servers):
    first, _, url = servers
    assert port_of(db) == first.port
    with closing(first.connect()) as root:
        kill_all(root, url)

    assert port_of(db) == first.port
    assert db.statistics()["detected_by_liveness_check"] == 1


def test_the_next_server_serves_reads_after_the_first_was_killed(db, servers):
    first, second, _ = servers
    first.kill()

    assert port_of(db) == second.port


def test_a_request_waits_while_no_server_is_reachable(db, servers):
    first, second, _ = servers
    first.kill()
    second.kill()
    starting = Timer(1, first.start)
    starting.start()

    assert port_of(db) == first.port
    starting.join()
