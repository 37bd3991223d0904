"""`python -m sample_data`: its output, exit status and effect."""

import re
import subprocess
import sys

import pytest

from sample_data.__main__ import main
from tests.support.service import PROJECT, environment


@pytest.fixture
def run(server, schema, monkeypatch, tmp_path, capsys):
    """A function that runs the command on `schema` and returns its status, stdout and stderr."""

    def run_command(*arguments, url=schema):
        monkeypatch.chdir(tmp_path)  # a folder without .env
        for name, value in environment(url, MIGRATION_DATABASE_URL=server.owner_url(url)).items():
            monkeypatch.setenv(name, value)
        status = main(list(arguments))
        return status, *capsys.readouterr()

    return run_command


def test_the_users_are_printed_to_stdout_and_the_rest_to_stderr(run, connection):
    status, stdout, stderr = run("--students", "20")

    assert status == 0
    assert re.findall(r"^(\w+) +(\w+) +\S{24}$", stdout, re.MULTILINE) == [
        (role, role) for role in ("admin", "staff", "student")
    ]
    assert stderr.splitlines()[0] == "20 of 20 students"
    assert "student 20, " in stderr


def test_a_database_with_rows_is_rejected_with_a_message_of_one_line(run, connection):
    connection.cursor().execute("INSERT INTO subject (name) VALUES ('Alchemy')")

    status, stdout, stderr = run("--students", "20")

    assert (status, stdout) == (1, "")
    assert re.fullmatch(
        r"sample_data: the table subject already holds rows; .*--replace.*\n", stderr
    )


def test_without_a_schema_the_message_names_the_remedy(run, server):
    status, _, stderr = run("--students", "20", url=server.create_database())

    assert status == 1
    assert stderr == "sample_data: the database has no schema yet; run: alembic upgrade head\n"


def test_replace_empties_the_database_first(run, connection):
    connection.cursor().execute("INSERT INTO subject (name) VALUES ('Alchemy')")

    status, *_ = run("--students", "20", "--replace", "--quiet")

    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM subject WHERE name = 'Alchemy'")
        assert (status, cursor.fetchone()) == (0, (0,))


def test_a_killed_run_leaves_the_database_empty(schema, connection, checksums):
    empty = checksums(connection)

    process = subprocess.Popen(
        [sys.executable, "-m", "sample_data", "--students", "2000"],
        cwd=PROJECT,
        env=environment(schema),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr.readline() == "500 of 2,000 students\n"
    process.kill()
    process.communicate()

    # A locking read waits until the server has rolled back the transaction.
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT country_id FROM country FOR UPDATE") == 0
    assert checksums(connection) == empty
