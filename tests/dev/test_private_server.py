"""The private server: persistent data, crashes, parallel servers, and the end of its parent."""

import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pymysql
import pytest

from app.db.url import DatabaseUrl
from dev.private_server import PrivateServer
from dev.serve import watch
from dev.system_packages import Stop

PROJECT = Path(__file__).parents[2]
FLAVOR = {
    "flavor": os.environ.get("TEST_SERVER", "mariadb"),
    "mysql_root": os.environ.get("MYSQL_ROOT"),
}
# Starts a temporary server, prints its process ID and folder, and waits to be killed.
PARENT = """
import os, sys, time
from dev.private_server import PrivateServer
server = PrivateServer(flavor=sys.argv[1], mysql_root=os.environ.get("MYSQL_ROOT"))
server.start()
print(server.pid, server.folder, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def server():
    with PrivateServer(options={"wait_timeout": 77}, **FLAVOR) as running:
        yield running


def run(server, sql):
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def store(server, word):
    run(server, "CREATE DATABASE IF NOT EXISTS words")
    run(server, "CREATE TABLE IF NOT EXISTS words.word (word VARCHAR(20))")
    run(server, f"INSERT INTO words.word VALUES ('{word}')")


def sign_in(url):
    target = DatabaseUrl.parse(url)
    return pymysql.connect(
        host=target.host,
        port=target.port,
        user=target.user,
        password=target.password,
        database=target.name,
    )


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended and waits to be reaped by init.
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def eventually(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_server_has_the_given_options(server):
    assert run(server, "SELECT @@wait_timeout, @@bind_address") == ((77, "127.0.0.1"),)


def test_a_restart_keeps_the_data_the_port_and_the_url(server):
    url, port = server.create_database("kept"), server.port
    store(server, "before")

    server.restart()

    assert (server.create_database("kept"), server.port) == (url, port)
    assert ("before",) in run(server, "SELECT word FROM words.word")


def test_a_killed_server_recovers_committed_data(server):
    store(server, "committed")

    server.kill()
    server.start()

    assert ("committed",) in run(server, "SELECT word FROM words.word")


def test_a_user_sees_only_private_database(server):
    server.create_database("mine", user="me")
    server.create_database("theirs")

    with closing(
        server.connect(user="me", password=server.secret("me_password"), database="mine")
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW DATABASES")
        visible = {name for (name,) in cursor.fetchall()}

    assert "mine" in visible
    assert "theirs" not in visible


def test_the_service_account_writes_rows_and_the_owner_creates_tables(server):
    url = server.create_database("rows")
    with closing(sign_in(server.owner_url(url))) as owner:
        owner.cursor().execute("CREATE TABLE word (word VARCHAR(20))")

    with closing(sign_in(url)) as service:
        service.cursor().execute("INSERT INTO word VALUES ('stored')")
        for forbidden in ("CREATE TABLE more (word INT)", "DROP TABLE word", "TRUNCATE word"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                service.cursor().execute(forbidden)


def test_secrets_are_readable_by_their_owner_only(server):
    server.create_database()

    for name in ("root_password", "owner_password", "service_password"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600


def test_a_folder_in_use_is_rejected(server):
    second = PrivateServer(server.folder, **FLAVOR)

    with pytest.raises(Stop, match="in use by a running server"):
        second.start()

    assert second.running_port() == server.port


def test_a_server_runs_in_private_session_so_that_ctrl_c_does_not_reach_it(server):
    assert os.getsid(server.pid) == server.pid


def test_a_server_that_cannot_start_shows_the_end_of_its_log():
    with pytest.raises(Stop, match=r"end of its log:(.|\n)*no.such.option"):
        PrivateServer(options={"no_such_option": 1}, **FLAVOR).__enter__()


def test_a_server_ends_when_its_parent_is_killed_and_other_servers_do_not(server):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, FLAVOR["flavor"]],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid, folder = parent.stdout.readline().split()

    try:
        assert alive(int(pid))
        assert alive(server.pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert eventually(lambda: not alive(int(pid)))
        assert alive(server.pid)
    finally:
        parent.kill()
        parent.stdout.close()
        subprocess.run(["rm", "-rf", folder], check=True)


def test_the_data_of_a_temporarily_stopped_server_are_not_removed_by_others(server):
    with PrivateServer(**FLAVOR) as stopped:
        store(stopped, "kept")
        stopped.stop()
        PrivateServer(**FLAVOR).close()
        stopped.start()

        assert run(stopped, "SELECT word FROM words.word") == (("kept",),)


def test_make_serve_stops_with_a_message_when_its_server_ends(capsys):
    sleeper = subprocess.Popen(["sleep", "600"])
    try:
        with PrivateServer(**FLAVOR) as private, ThreadPoolExecutor(1) as pool:
            watching = pool.submit(watch, sleeper, private)
            time.sleep(0.5)
            assert not watching.done()
            private.kill()

            assert watching.result(15) == 1
    finally:
        sleeper.kill()
        sleeper.wait()
    assert "the private server has ended" in "".join(capsys.readouterr())


def test_a_temporary_server_leaves_no_process_or_folder():
    with PrivateServer(**FLAVOR) as temporary:
        pid, folder = temporary.pid, temporary.folder

    assert not alive(pid)
    assert not folder.exists()
