"""Migrating: up, down, at the same time, and after having been killed."""

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
from tests.support.server import start_server
from tests.support.service import PROJECT, environment

OBJECTS = """
    SELECT table_name FROM information_schema.tables WHERE table_schema = %(name)s
    UNION ALL SELECT routine_name FROM information_schema.routines WHERE routine_schema = %(name)s
    UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %(name)s
"""
VERSION = "SELECT version_num FROM alembic_version"


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
    except pymysql.err.ProgrammingError:  # there is no such table yet
        return None
    return number


def upgrading(url):
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=PROJECT,
        env=environment(url),
        stderr=subprocess.PIPE,
        text=True,
    )


def head(config):
    return ScriptDirectory.from_config(config).get_current_head()


def test_down_to_base_leaves_nothing_and_up_again_makes_the_same(alembic, url, cursor):
    config = alembic(url)
    command.upgrade(config, "head")
    before = names(cursor, url)

    command.downgrade(config, "base")
    assert names(cursor, url) == {"alembic_version"}
    command.upgrade(config, "head")

    assert names(cursor, url) == before


def test_two_migrations_at_once_both_succeed_and_do_each_step_once(alembic, url, cursor):
    both = [upgrading(url), upgrading(url)]

    said = [process.communicate(timeout=60)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    steps = re.findall(r"applied (\d+)", "".join(said))
    assert sorted(steps) == sorted(set(steps))
    assert version(cursor) == head(alembic(url))


def test_a_killed_migration_is_finished_by_the_next(alembic, url, cursor):
    with upgrading(url) as process:
        deadline = time.monotonic() + 30
        while (version(cursor) or "") < "0010" and time.monotonic() < deadline:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    config = alembic(url)
    assert "0010" <= version(cursor) < head(config)

    command.upgrade(config, "head")

    assert version(cursor) == head(config)


def test_each_step_runs_again_when_killed_before_its_version_was_stored(alembic, url, cursor):
    config = alembic(url)
    command.upgrade(config, "head")
    before = names(cursor, url)
    cursor.execute("DELETE FROM alembic_version")

    command.upgrade(config, "head")

    assert names(cursor, url) == before


def test_each_step_back_runs_again_when_killed_before_its_version_was_stored(alembic, url, cursor):
    config = alembic(url)
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    cursor.execute("INSERT INTO alembic_version VALUES (%s)", (head(config),))

    command.downgrade(config, "base")

    assert names(cursor, url) == {"alembic_version"}


def test_every_step_is_logged_and_at_the_end_where_the_schema_is(alembic, url, caplog):
    config = alembic(url)

    command.upgrade(config, "head")

    *steps, end = [record.message for record in caplog.records if record.name == "migrations"]
    assert [step.split()[:2] for step in steps] == [
        ["applied", f"{number:04}"] for number in range(1, len(steps) + 1)
    ]
    assert end == f"schema is current ({head(config)})"


def test_a_lock_that_stays_taken_ends_in_one_line(alembic, url, cursor):
    cursor.execute("SELECT GET_LOCK(%s, 0)", (f"migrations of {DatabaseUrl.parse(url).name}",))

    with pytest.raises(CommandError, match=r"^another migration of \w+ is still running after 1 s"):
        command.upgrade(alembic(url, lock_wait=1), "head")

    assert names(cursor, url) == set()


def test_an_account_that_a_binary_log_does_not_trust_is_told_the_cure(alembic):
    with start_server(log_bin="changes", server_id=1) as logging_server:
        url = logging_server.owner_url(logging_server.create_database())

        with pytest.raises(CommandError, match="SET GLOBAL log_bin_trust_function_creators = 1"):
            command.upgrade(alembic(url), "head")

        with logging_server.connect() as root, root.cursor() as cursor:
            cursor.execute("SET GLOBAL log_bin_trust_function_creators = 1")
        command.upgrade(alembic(url), "head")


def test_migrations_have_an_account_of_their_own_where_one_is_given(
    alembic, server, cursor, url, monkeypatch
):
    config = alembic(server.create_database(DatabaseUrl.parse(url).name))
    with pytest.raises(CommandError, match="denied"):
        command.upgrade(config, "head")

    monkeypatch.setenv("MIGRATION_DATABASE_URL", url)
    command.upgrade(config, "head")

    assert version(cursor) == head(config)


def test_a_refused_sign_in_is_one_line_without_the_password(alembic, server, url):
    wrong = f"mysql://nobody:hunter2@{server.host}:{server.port}/nothing"

    with pytest.raises(CommandError, match="Access denied") as refusal:
        command.upgrade(alembic(wrong), "head")

    assert "hunter2" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_somebody_else_s_database_is_left_alone(alembic, url, cursor):
    cursor.execute("CREATE TABLE city (city_id SMALLINT UNSIGNED PRIMARY KEY, city VARCHAR(50))")

    with pytest.raises(CommandError, match="holds 1 tables and was never migrated"):
        command.upgrade(alembic(url), "head")

    assert names(cursor, url) == {"city"}
