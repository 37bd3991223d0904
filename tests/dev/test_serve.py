"""`make serve`, `make dev` and `make seed`: what they print, ask and restart."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing

import httpx
import pytest

from app.settings import BadSettings
from dev import seed, serve
from dev.keep import free_port
from tests.support.database import query, settings_for
from tests.support.service import PROJECT, environment

READ_SECONDS = 60


def printed(migrated, monkeypatch, users=()):
    for name in ("RATE_LIMIT", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return "\n".join(serve.instructions("http://127.0.0.1:8000", "adaptive", list(users)))


def test_the_documentation_the_rate_limit_and_the_first_user_are_printed(migrated, monkeypatch):
    text = printed(migrated, monkeypatch)

    assert "http://127.0.0.1:8000/docs/" in text
    assert f"RATE_LIMIT={serve.RATE_LIMIT} here, for load tests; in production 600/minute" in text
    assert "make user NAME=admin" in text


def test_the_rate_limit_allows_the_usual_load_test(migrated):
    settings = settings_for(migrated, rate_limit=serve.RATE_LIMIT)
    limit, _, period = settings.rate_limit.partition("/")

    # siege -b -t 15s -c 16, at 10,000 requests per second
    assert int(limit) >= 15 * 10_000
    assert period == "minute"


def test_an_unknown_server_is_an_error_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("SERVER", "uwsgi")

    with pytest.raises(BadSettings, match="SERVER='uwsgi': use one of gunicorn, granian"):
        serve.command_of_server()


@pytest.fixture
def checkout(tmp_path):
    """A copy of the modules that the service consists of, which a test may change."""
    for name in ("app", "dev", "migrations", "server"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    for name in ("wsgi.py", "gunicorn.conf.py", "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path)
    return tmp_path


@pytest.mark.nightly
def test_the_development_server_restarts_after_a_change_and_leaves_no_process(checkout, migrated):
    port = free_port()
    address = f"http://127.0.0.1:{port}/?city=London"
    variables = environment(migrated, PORT=port) | {"PYTHONPATH": str(checkout)}
    process = subprocess.Popen(
        [sys.executable, "-m", "dev.serve", "--reload"],
        cwd=checkout,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert eventually(lambda: text_at(address).startswith('City "London" is #'))
        module = checkout / "app/resources/cities/resources.py"
        module.write_text(module.read_text().replace("is #", "has number "))

        assert eventually(lambda: text_at(address).startswith('City "London" has number '))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        process.stdout.close()
    assert eventually(lambda: text_at(address) == "")


def text_at(address):
    try:
        return httpx.get(address, timeout=5).text
    except httpx.HTTPError:
        return ""


def eventually(condition):
    deadline = time.monotonic() + READ_SECONDS
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


@pytest.fixture
def schema(server):
    """The URL of a migrated database without rows."""
    return server.create_migrated_database()


@pytest.fixture
def rows(server, schema, monkeypatch):
    """A function that returns the number of subjects; the database is at DATABASE_URL."""
    for name, value in environment(schema, MIGRATION_DATABASE_URL=server.owner_url(schema)).items():
        monkeypatch.setenv(name, value)
    with closing(server.connect(schema)) as connection:
        query(connection, "INSERT INTO subject (name) VALUES ('Alchemy')")
        connection.commit()
        yield lambda: query(connection, "SELECT COUNT(*) FROM subject WHERE name = 'Alchemy'")[0][0]


def test_data_at_database_url_are_not_replaced_without_a_terminal(rows, monkeypatch, capsys):
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        status = seed.main(["--replace", "--students", "5"])

    assert (status, rows()) == (1, 1)
    message = capsys.readouterr().err
    assert "this deletes ALL ROWS in the database" in message
    assert "make seed REPLACE=1 YES=1" in message


@pytest.mark.parametrize(("answer", "kept"), [("yes", 1), ("{name}", 0)])
def test_data_at_database_url_are_replaced_after_the_name_is_typed(
    answer, kept, rows, schema, monkeypatch
):
    controller, terminal = pty.openpty()
    answer = answer.format(name=schema.rpartition("/")[2])
    os.write(controller, f"{answer}\n".encode())
    with open(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        status = seed.main(["--replace", "--students", "5", "--quiet"])
    os.close(controller)

    assert (status, rows()) == (kept, kept)


def test_data_at_database_url_are_replaced_with_yes(rows):
    assert seed.main(["--replace", "--yes", "--students", "5", "--quiet"]) == 0
    assert rows() == 0
