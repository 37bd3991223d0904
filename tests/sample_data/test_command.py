"""`python -m sample_data`: what it says and what it leaves behind."""

import re
import subprocess
import sys

import pytest

from sample_data.__main__ import main
from tests.support.service import PROJECT, environment


@pytest.fixture
def run(server, schema, monkeypatch, tmp_path, capsys):
    """Run the command on that database; gives its status and what it said."""

    def on(*arguments, url=schema):
        monkeypatch.chdir(tmp_path)  # no .env in it
        for name, value in environment(url, MIGRATION_DATABASE_URL=server.owner_url(url)).items():
            monkeypatch.setenv(name, value)
        status = main(list(arguments))
        return status, *capsys.readouterr()

    return on


def test_it_prints_the_sign_ins_on_stdout_and_the_rest_on_stderr(run, connection):
    status, said, aside = run("--students", "20")

    assert status == 0
    assert re.findall(r"^(\w+) +(\w+) +\S{24}$", said, re.MULTILINE) == [
        (role, role) for role in ("admin", "staff", "student")
    ]
    assert aside.splitlines()[0] == "20 of 20 students"
    assert "student 20, " in aside


def test_a_database_with_rows_is_refused_in_one_line(run, connection):
    connection.cursor().execute("INSERT INTO subject (name) VALUES ('Alchemy')")

    status, said, aside = run("--students", "20")

    assert (status, said) == (1, "")
    assert re.fullmatch(
        r"sample_data: the table subject already holds rows; .*--replace.*\n", aside
    )


def test_a_database_without_the_schema_is_told_the_cure(run, server):
    status, _, aside = run("--students", "20", url=server.create_database())

    assert status == 1
    assert aside == "sample_data: the database has no schema yet; run: alembic upgrade head\n"


def test_replace_empties_it_first(run, connection):
    connection.cursor().execute("INSERT INTO subject (name) VALUES ('Alchemy')")

    status, *_ = run("--students", "20", "--replace", "--quiet")

    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM subject WHERE name = 'Alchemy'")
        assert (status, cursor.fetchone()) == (0, (0,))


def test_a_kill_half_way_leaves_it_empty(schema, connection, checksums):
    nothing = checksums(connection)

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

    # A locking read waits until the server has taken back what the dead client stored.
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT country_id FROM country FOR UPDATE") == 0
    assert checksums(connection) == nothing
