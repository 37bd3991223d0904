"""Every bad start: one line with the variable, the value and what is allowed; no traceback."""

import subprocess
import sys
from socket import create_server

import pytest

from tests.support.service import PROJECT, environment, free_port


def start(tmp_path, url, *, without=(), **settings):
    """Start gunicorn as it is deployed; it has to end by itself. Gives status and output."""
    variables = environment(url, **{"PORT": free_port(), **settings})
    for name in without:
        del variables[name]
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", PROJECT / "gunicorn.conf.py", "wsgi:app"],
        cwd=tmp_path,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


def with_password(url, password):
    user, _, place = url.partition("@")
    return f"{user.rpartition(':')[0]}:{password}@{place}"


def assert_one_line(outcome, variable, *words):
    status, output = outcome
    problems = [line for line in output.splitlines() if "cannot start: " in line]
    assert status not in {0, None}, output
    assert len(problems) == 1, output
    assert variable in problems[0]
    for word in words:
        assert word in problems[0], output
    assert "Traceback" not in output


def test_an_unknown_strategy(tmp_path, migrated):
    outcome = start(tmp_path, migrated, DB_STRATEGY="poold")

    assert_one_line(outcome, "DB_STRATEGY='poold'", "adaptive", "per_query", "package.module:Class")


def test_a_broken_url(tmp_path):
    outcome = start(tmp_path, "mysq://app:secret-word@127.0.0.1/students")

    assert_one_line(outcome, "DATABASE_URL=", "mysql://user:password@host:port/name")
    assert "secret-word" not in outcome[1]


def test_a_wrong_password(tmp_path, migrated):
    outcome = start(tmp_path, with_password(migrated, "secret-word"))

    assert_one_line(outcome, "DATABASE_URL=", "refuses this user or password")
    assert "secret-word" not in outcome[1]


def test_an_unknown_database(tmp_path, migrated):
    outcome = start(tmp_path, migrated + "_of_nobody")

    assert_one_line(outcome, "DATABASE_URL=", "no such database", "_of_nobody")


def test_a_server_that_is_away(tmp_path):
    port = free_port()
    outcome = start(tmp_path, f"mysql://app:secret@127.0.0.1:{port}/students")

    assert_one_line(outcome, "DATABASE_URL=", f"127.0.0.1:{port}", "no server answers there")


def test_a_host_that_does_not_resolve(tmp_path):
    outcome = start(tmp_path, "mysql://app:secret@nowhere.invalid:3306/students")

    assert_one_line(outcome, "DATABASE_URL=", "nowhere.invalid", "no server answers there")


def test_a_server_that_accepts_and_never_greets(tmp_path):
    with create_server(("127.0.0.1", 0)) as deaf:
        url = f"mysql://app:secret@127.0.0.1:{deaf.getsockname()[1]}/students"
        outcome = start(tmp_path, url, DB_CONNECT_TIMEOUT_SECONDS=1)

    assert_one_line(outcome, "DATABASE_URL=", "no server answers there")


def test_a_port_that_is_taken(tmp_path, migrated):
    with create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        outcome = start(tmp_path, migrated, PORT=port)

    assert_one_line(outcome, f"PORT={port}", "taken", "1 to 65535")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tests.support.own_strategy:NoStrategy", "lacks release, discard, close"),
        ("tests.support.own_strategy:Nothing", "has no Nothing"),
        ("no.such.module:Class", "cannot import no.such.module"),
        ("app.db.strategies:STRATEGIES", "lacks acquire, release, discard, close"),
        ("tests.support.own_strategy:Unbuildable", "cannot be constructed (ZeroDivisionError"),
        ("unparsable:Class", "cannot import unparsable (SyntaxError"),
    ],
)
def test_a_class_that_is_no_strategy(name, words, tmp_path, migrated):
    (tmp_path / "unparsable.py").write_text("class Class:\n    def acquire(self:\n")
    outcome = start(tmp_path, migrated, DB_STRATEGY=name)

    assert_one_line(outcome, f"DB_STRATEGY='{name}'", words, "acquire, release, discard, close")


def test_a_host_that_is_not_ours(tmp_path, migrated):
    outcome = start(tmp_path, migrated, HOST="203.0.113.1")

    assert_one_line(outcome, "HOST='203.0.113.1'", "0.0.0.0")


def test_a_certificate_that_is_not_there(tmp_path, migrated):
    outcome = start(tmp_path, migrated, DB_SSL_MODE="VERIFY_CA", DB_SSL_CA="/no/such.pem")

    assert_one_line(outcome, "DB_SSL_CA='/no/such.pem'", "PEM")


def test_tls_that_the_server_does_not_speak_on_mariadb_10_11_or_cannot_prove(tmp_path, migrated):
    outcome = start(tmp_path, migrated, DB_SSL_MODE="VERIFY_IDENTITY")

    assert_one_line(outcome, "DB_SSL_MODE='VERIFY_IDENTITY'", "TLS")


@pytest.mark.parametrize("missing", ["DATABASE_URL", "SECRET_KEY"])
def test_a_secret_has_no_default(missing, tmp_path, migrated):
    outcome = start(tmp_path, migrated, without=[missing])

    assert_one_line(outcome, f"{missing} is missing")


def test_all_problems_come_in_one_line(tmp_path):
    outcome = start(tmp_path, "students", DB_STRATEGY="poold", SECRET_KEY="short", PORT="0")

    assert_one_line(
        outcome, "DATABASE_URL='students'", "DB_STRATEGY='poold'", "SECRET_KEY", "PORT='0'"
    )
    assert "short" not in outcome[1]


def test_importing_wsgi_names_the_problem_too(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=tmp_path,
        env=environment("students"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert_one_line((ended.returncode, ended.stderr), "DATABASE_URL='students'")
