"""A database server whose disk is full, through HTTP; it recovers without a restart.

The disk is a small tmpfs of its own, which holds the table that the requests write. Mounting it
requires root, or sudo without a password, as the firewall of `tests/faults` does.
"""

import itertools
import os
import subprocess
from contextlib import closing, contextmanager, suppress

import pymysql
import pytest

from app import create_app
from app.http.api import Api, Resource
from app.http.caller import PUBLIC
from app.http.context import database
from app.http.operation import operation
from app.http.responses import json_response
from tests.support.database import query, settings_for
from tests.support.server import start_server

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
DISK_BYTES = 32 * 1024**2
# Small enough for one page: InnoDB ends the server if it cannot roll back a longer row.
ROW_BYTES = 8000
REQUESTS = 20
LEDGER = "CREATE TABLE ledger (number INT NOT NULL PRIMARY KEY, filler VARCHAR(8000))"
STORED = "SELECT number FROM ledger WHERE number > 0 ORDER BY number"


class Ledger(Resource):
    """Stores one large row for each request."""

    number = 0

    @operation(roles=PUBLIC)
    def post(self):
        Ledger.number += 1
        values = (Ledger.number, "x" * ROW_BYTES)
        database().run_transaction(
            lambda tx: tx.execute("INSERT INTO ledger (number, filler) VALUES (%s, %s)", values)
        )
        return json_response({"number": Ledger.number})


@pytest.fixture(scope="module")
def own_server():
    with start_server() as running:
        yield running


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """The folder where a small disk is mounted."""
    folder = tmp_path_factory.mktemp("disk")
    options = f"size={DISK_BYTES},mode=0777"
    subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    yield folder
    # Lazy: the server that has files open on it ends later.
    subprocess.run([*AS_ROOT, "umount", "-l", folder], check=True)


@pytest.fixture(scope="module")
def root(own_server, disk):
    url = own_server.create_sample_database()
    with closing(own_server.connect(url)) as connection:
        query(connection, f"{LEDGER} DATA DIRECTORY='{disk}'")
        connection.url = url
        yield connection


@pytest.fixture
def client(root):
    application = create_app(settings_for(root.url))
    Api(application).add_resource(Ledger, "/ledger")
    yield application.test_client()
    application.extensions["database"].close()


@contextmanager
def full_disk(disk, root):
    """Fill the disk with a file, which is deleted at the end, and the space the table has left."""
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    ballast.write_bytes(bytes(status.f_bavail * status.f_frsize - ROW_BYTES))
    with suppress(pymysql.err.OperationalError):  # 1114
        for number in itertools.count(1):
            query(root, "INSERT INTO ledger VALUES (%s, REPEAT('x', %s))", (-number, ROW_BYTES))
    yield
    ballast.unlink()


def test_a_full_disk_is_reported_and_the_service_recovers(disk, root, client):
    answers = [client.post("/ledger") for _ in range(REQUESTS)]
    assert "writes" not in client.get("/readyz").json
    with full_disk(disk, root):
        answers += [client.post("/ledger") for _ in range(REQUESTS)]
        ready, read = client.get("/readyz"), client.get("/?city=London")
    answers.append(client.post("/ledger"))

    failed = [response for response in answers if response.status_code != 200]
    assert len(failed) > REQUESTS / 2  # the last page may have space for a row or two
    problems = {
        (response.status_code, response.json["type"].rpartition(":")[2]) for response in failed
    }
    assert problems == {(503, "storage-failed")}
    assert all(response.headers["Retry-After"] for response in failed)
    assert (ready.status_code, read.status_code) == (200, 200)
    assert "Error 1114." in ready.json["writes"]

    assert answers[-1].status_code == 200
    assert "writes" not in client.get("/readyz").json
    acknowledged = [response.json["number"] for response in answers if response not in failed]
    assert [number for (number,) in query(root, STORED)] == acknowledged
