"""Running the migrations: up, down, concurrently, and again after a kill."""

import re
import signal
import subprocess
import sys
import time
from contextlib import closing

import pymysql
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from app.db.url import DatabaseUrl
from tests.support.database import query
from tests.support.server import start_server
from tests.support.service import PROJECT, environment

OBJECTS = """
    SELECT table_name FROM information_schema.tables WHERE table_schema = %(name)s
    UNION ALL SELECT routine_name FROM information_schema.routines WHERE routine_schema = %(name)s
    UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %(name)s
"""
OF_MIGRATIONS = {"alembic_version", "migration_lock"}
VERSION = "SELECT version_num FROM alembic_version"
BLOCKED = """
    SELECT id FROM information_schema.processlist
    WHERE db = %s AND state LIKE 'Waiting for table%%'
"""


@pytest.fixture
def url(server):
    return server.owner_url(server.create_database())


@pytest.fixture
def cursor(server, url):
    with closing(server.connect(url)) as connection:
        yield connection.cursor()


def names(cursor, url):
    cursor.execute(OBJECTS, {"name": DatabaseUrl.parse(url).name})
    return {name for (name,) in cursor.fetchall()}


def version(cursor):
    try:
        cursor.execute(VERSION)
        (number,) = cursor.fetchone() or (None,)
    except pymysql.err.ProgrammingError:  # the table does not exist yet
        return None
    return number


def start_upgrade(url):
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=PROJECT,
        env=environment(url),
        stderr=subprocess.PIPE,
        text=True,
    )


def head(config):
    return ScriptDirectory.from_config(config).get_current_head()


def test_a_downgrade_removes_everything_and_an_upgrade_restores_it(alembic, url, cursor):
    config = alembic(url)
    command.upgrade(config, "head")
    before = names(cursor, url)

    command.downgrade(config, "base")
    assert names(cursor, url) == OF_MIGRATIONS
    command.upgrade(config, "head")

    assert names(cursor, url) == before


def test_two_concurrent_migrations_both_succeed_and_apply_each_revision_once(alembic, url, cursor):
    both = [start_upgrade(url), start_upgrade(url)]

    output = [process.communicate(timeout=60)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], output
    steps = re.findall(r"applied (\d+)", "".join(output))
    assert sorted(steps) == sorted(set(steps))
    assert version(cursor) == head(alembic(url))


def test_the_next_migration_completes_a_killed_one(alembic, url, cursor, root):
    config, name = alembic(url), DatabaseUrl.parse(url).name
    command.upgrade(config, "0010")
    cursor.execute("LOCK TABLES alembic_version READ")  # 0011 cannot store its version
    with start_upgrade(url) as process:
        deadline = time.monotonic() + 30
        while not query(root, BLOCKED, (name,)) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    cursor.execute("UNLOCK TABLES")
    # The server may still run the UPDATE that it had received.
    assert version(cursor) in {"0010", "0011"}

    command.upgrade(config, "head")

    assert version(cursor) == head(config)


def test_each_upgrade_step_can_run_again_if_killed_before_its_version_was_stored(
    alembic, url, cursor
):
    config = alembic(url)
    command.upgrade(config, "head")
    before = names(cursor, url)
    cursor.execute("DELETE FROM alembic_version")

    command.upgrade(config, "head")

    assert names(cursor, url) == before


def test_each_downgrade_step_can_run_again_if_killed_before_its_version_was_stored(
    alembic, url, cursor
):
    config = alembic(url)
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    cursor.execute("INSERT INTO alembic_version VALUES (%s)", (head(config),))

    command.downgrade(config, "base")

    assert names(cursor, url) == OF_MIGRATIONS


def test_each_step_and_the_final_revision_are_logged(alembic, url, caplog):
    config = alembic(url)

    command.upgrade(config, "head")

    *steps, end = [record.message for record in caplog.records if record.name == "migrations"]
    assert [step.split()[:2] for step in steps] == [
        ["applied", f"{number:04}"] for number in range(1, len(steps) + 1)
    ]
    assert end == f"schema is current ({head(config)})"


def test_a_lock_that_is_not_released_in_time_is_an_error(alembic, url, cursor):
    cursor.execute("SELECT GET_LOCK(%s, 0)", (f"migrations of {DatabaseUrl.parse(url).name}",))

    with pytest.raises(CommandError, match=r"^another migration of \w+ is still running after 1 s"):
        command.upgrade(alembic(url, lock_wait=1), "head")

    assert names(cursor, url) == set()


def test_the_error_names_the_missing_setting_if_binary_logging_forbids_triggers(alembic):
    with start_server(log_bin="changes", server_id=1) as logging_server:
        url = logging_server.owner_url(logging_server.create_database())

        with pytest.raises(CommandError, match="SET GLOBAL log_bin_trust_function_creators = 1"):
            command.upgrade(alembic(url), "head")

        with logging_server.connect() as root, root.cursor() as cursor:
            cursor.execute("SET GLOBAL log_bin_trust_function_creators = 1")
        command.upgrade(alembic(url), "head")


def test_migrations_use_migration_database_url_if_it_is_set(
    alembic, server, cursor, url, monkeypatch
):
    config = alembic(server.create_database(DatabaseUrl.parse(url).name))
    with pytest.raises(CommandError, match="denied"):
        command.upgrade(config, "head")

    monkeypatch.setenv("MIGRATION_DATABASE_URL", url)
    command.upgrade(config, "head")

    assert version(cursor) == head(config)


def test_a_rejected_login_is_a_message_of_one_line_without_the_password(alembic, server, url):
    wrong = f"mysql://nobody:hunter2@{server.host}:{server.port}/nothing"

    with pytest.raises(CommandError, match="Access denied") as raised:
        command.upgrade(alembic(wrong), "head")

    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_database_with_other_tables_is_not_changed(alembic, url, cursor):
    cursor.execute("CREATE TABLE city (city_id SMALLINT UNSIGNED PRIMARY KEY, city VARCHAR(50))")

    with pytest.raises(CommandError, match="contains 1 tables and was never migrated"):
        command.upgrade(alembic(url), "head")

    assert names(cursor, url) == {"city"}
