"""The private server: kept data, crashes, neighbors, and an end with its parent."""

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
# Starts a throwaway server, says which, and waits to be killed.
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


def ask(server, sql):
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def store(server, word):
    ask(server, "CREATE DATABASE IF NOT EXISTS words")
    ask(server, "CREATE TABLE IF NOT EXISTS words.word (word VARCHAR(20))")
    ask(server, f"INSERT INTO words.word VALUES ('{word}')")


def sign_in(url):
    place = DatabaseUrl.parse(url)
    return pymysql.connect(
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password,
        database=place.name,
    )


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie whose parent is gone too is only waiting for init.
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def eventually(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_server_takes_the_options_it_is_given(server):
    assert ask(server, "SELECT @@wait_timeout, @@bind_address") == ((77, "127.0.0.1"),)


def test_a_restart_keeps_the_data_the_port_and_the_url(server):
    url, port = server.create_database("kept"), server.port
    store(server, "before")

    server.restart()

    assert (server.create_database("kept"), server.port) == (url, port)
    assert ("before",) in ask(server, "SELECT word FROM words.word")


def test_a_killed_server_recovers_what_was_committed(server):
    store(server, "committed")

    server.kill()
    server.start()

    assert ("committed",) in ask(server, "SELECT word FROM words.word")


def test_a_database_belongs_to_a_user_who_sees_no_other(server):
    server.create_database("mine", user="me")
    server.create_database("theirs")

    with closing(
        server.connect(user="me", password=server.secret("me_password"), database="mine")
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW DATABASES")
        seen = {name for (name,) in cursor.fetchall()}

    assert "mine" in seen
    assert "theirs" not in seen


def test_a_service_reads_and_writes_rows_and_its_owner_makes_tables(server):
    url = server.create_database("rows")
    with closing(sign_in(server.owner_url(url))) as owner:
        owner.cursor().execute("CREATE TABLE word (word VARCHAR(20))")

    with closing(sign_in(url)) as service:
        service.cursor().execute("INSERT INTO word VALUES ('stored')")
        for forbidden in ("CREATE TABLE more (word INT)", "DROP TABLE word", "TRUNCATE word"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                service.cursor().execute(forbidden)


def test_secrets_can_be_read_by_their_owner_only(server):
    server.create_database()

    for name in ("root_password", "owner_password", "service_password"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600


def test_a_folder_in_use_is_refused_in_words(server):
    second = PrivateServer(server.folder, **FLAVOR)

    with pytest.raises(Stop, match="in use by a server that runs"):
        second.start()

    assert second.running_port() == server.port


def test_a_server_stands_in_a_session_of_its_own_so_that_ctrl_c_passes_it_by(server):
    assert os.getsid(server.pid) == server.pid


def test_a_server_that_cannot_start_shows_the_end_of_its_log():
    with pytest.raises(Stop, match=r"its log ends:(.|\n)*no.such.option"):
        PrivateServer(options={"no_such_option": 1}, **FLAVOR).__enter__()


def test_two_servers_run_side_by_side_and_a_sigkilled_parent_takes_its_server_along(server):
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


def test_the_data_of_a_server_that_is_stopped_for_a_while_are_left_alone_by_others(server):
    with PrivateServer(**FLAVOR) as stopped:
        store(stopped, "kept")
        stopped.stop()
        PrivateServer(**FLAVOR).close()
        stopped.start()

        assert ask(stopped, "SELECT word FROM words.word") == (("kept",),)


def test_make_serve_says_so_and_stops_when_its_server_ends(capsys):
    sleeper = subprocess.Popen(["sleep", "600"])
    try:
        with PrivateServer(**FLAVOR) as its_own, ThreadPoolExecutor(1) as pool:
            watching = pool.submit(watch, sleeper, its_own)
            time.sleep(0.5)
            assert not watching.done()
            its_own.kill()

            assert watching.result(15) == 1
    finally:
        sleeper.kill()
        sleeper.wait()
    said = "".join(capsys.readouterr())
    assert "the private server has ended" in said


def test_a_throwaway_server_leaves_nothing_behind():
    with PrivateServer(**FLAVOR) as throwaway:
        pid, folder = throwaway.pid, throwaway.folder

    assert not alive(pid)
    assert not folder.exists()
