"""A failed start prints one line with the variable, its value and what is allowed.

`gunicorn.conf.py` and `server.granian` print that line for their settings and their checks, and
`wsgi.py` does. Each of them is tested with a real start; the messages themselves are tested in this
process.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from socket import AF_UNIX, create_server, socket
from unittest.mock import patch

import pytest

from app.operations import startup_checks
from app.settings import BadSettings, load_settings, open_database
from tests.support.database import in_child
from tests.support.scripted_server import GREETING, ScriptedServer, packet
from tests.support.service import CONFIGURATION, environment, free_port

GRANIAN = ["-m", "server.granian"]
GUNICORN = ["-m", "gunicorn", "-c", str(CONFIGURATION), "wsgi:app"]


def startup_error(url, *, without=(), **settings):
    """Return the message that prevents a start: one line with every problem."""
    variables = environment(url, **{"PORT": free_port(), **settings})
    for name in without:
        del variables[name]
    with patch.dict(os.environ, variables, clear=True), pytest.raises(BadSettings) as caught:
        found = load_settings(None)
        open_database(found).close()
        startup_checks.check(found, variables)
    message = str(caught.value)
    assert "\n" not in message
    return message


def with_password(url, password):
    user, _, address = url.partition("@")
    return f"{user.rpartition(':')[0]}:{password}@{address}"


def unreachable_url():
    return f"mysql://app:secret@127.0.0.1:{free_port()}/database"


@pytest.mark.parametrize(
    ("command", "settings", "message"),
    [
        (GUNICORN, {"DB_STRATEGY": "poold"}, "cannot start: DB_STRATEGY='poold': use "),
        (GUNICORN, {"DB_STRATEGY": "no.such:Class"}, "cannot start: DB_STRATEGY='no.such:Class': "),
        (GUNICORN, {}, "cannot start: DATABASE_URL='mysql://app:"),
        (GRANIAN, {"DB_STRATEGY": "poold"}, "cannot start: DB_STRATEGY='poold': use "),
        pytest.param(
            *(GRANIAN, {}, "cannot start: DATABASE_URL='mysql://app:"), marks=pytest.mark.nightly
        ),
        (["-c", "import wsgi"], {"PORT": "0"}, "cannot start: PORT='0': use 1 to 65535"),
    ],
    ids=[
        "settings of gunicorn",
        "application",
        "checks of gunicorn",
        "settings of granian",
        "checks of granian",
        "import of wsgi",
    ],
)
def test_a_failed_start_prints_one_line_and_no_traceback(command, settings, message, tmp_path):
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=environment(unreachable_url(), **{"PORT": free_port(), **settings}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )

    (line,) = [line for line in ended.stdout.splitlines() if "cannot start: " in line]
    assert ended.returncode != 0
    assert message in line
    assert "secret@" not in ended.stdout
    assert "Traceback" not in ended.stdout


def test_all_invalid_settings_are_in_one_message():
    message = startup_error("database", DB_STRATEGY="poold", SECRET_KEY="short", PORT="0")

    for problem in ("DATABASE_URL='database'", "DB_STRATEGY='poold'", "SECRET_KEY", "PORT='0'"):
        assert problem in message
    assert "short" not in message


def test_an_unknown_strategy_is_rejected_with_the_known_ones():
    message = startup_error(unreachable_url(), DB_STRATEGY="poold")

    assert message.startswith("DB_STRATEGY='poold': use one of adaptive, per_query")
    assert "package.module:Class" in message


def test_a_url_with_another_scheme_is_rejected_without_showing_its_password():
    message = startup_error("mysq://app:secret-word@127.0.0.1/database")

    assert message.startswith("DATABASE_URL=")
    assert "mysql://user:password@host:port/name" in message
    assert "secret-word" not in message


def test_a_rejected_password_is_not_shown(migrated):
    message = startup_error(with_password(migrated, "secret-word"))

    assert message.startswith("DATABASE_URL=")
    assert "the server rejects this user or password" in message
    assert "secret-word" not in message


def test_an_unknown_database_is_named(migrated):
    message = startup_error(f"{migrated}_missing")

    assert message.startswith("DATABASE_URL=")
    assert "this user has no such database" in message
    assert "_missing" in message


def test_an_unreachable_server_is_named():
    url = unreachable_url()

    message = startup_error(url)

    assert url.partition("@")[2] in message
    assert "no server responds at this address" in message


def test_a_host_that_does_not_resolve_is_named():
    message = startup_error("mysql://app:secret@nowhere.invalid:3306/database")

    assert "nowhere.invalid" in message
    assert "no server responds at this address" in message


def test_a_server_that_accepts_and_sends_nothing_is_unreachable():
    with create_server(("127.0.0.1", 0)) as silent:
        url = f"mysql://app:secret@127.0.0.1:{silent.getsockname()[1]}/database"
        message = startup_error(url, DB_CONNECT_TIMEOUT_SECONDS=1)

    assert "no server responds at this address" in message


def test_a_server_that_is_no_database_server_is_reported_in_one_line():
    with ScriptedServer(b"HTTP/1.1 400 Bad request\r\n\r\n") as server:
        message = startup_error(server.url)

    assert message.startswith("DATABASE_URL=")
    assert "no server responds at this address" in message
    assert "Packet sequence number wrong" in message


def test_an_authentication_plugin_that_the_driver_lacks_is_named():
    switch = packet(b"\xfeauth_gssapi_client\x00abc\x00", 2)
    with ScriptedServer(GREETING, switch) as server:
        message = startup_error(server.url)

    assert "authentication plugin" in message
    assert "auth_gssapi_client" in message


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_a_socket_that_this_process_may_not_use_is_named(driver, tmp_path, migrated):
    with create_unix_server(tmp_path / "socket") as path:
        url = f"{migrated}?unix_socket={path}"
        message = in_child(lambda: as_nobody(startup_error, url, DB_DRIVER=driver))

    assert message.startswith("DATABASE_URL=")
    assert "this process may not use the socket" in message


@contextmanager
def create_unix_server(path):
    with socket(AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        yield path


def as_nobody(function, *arguments, **options):
    """Call a function without root's permission to use every file."""
    if os.geteuid() == 0:
        os.setresuid(65534, 65534, 65534)
    return function(*arguments, **options)


def test_a_port_that_is_in_use_is_named(migrated):
    with create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = startup_error(migrated, PORT=port)

    assert message.startswith(f"PORT={port}: already in use")
    assert "1 to 65535" in message


def test_a_foreign_address_is_named(migrated):
    message = startup_error(migrated, HOST="203.0.113.1")

    assert message.startswith("HOST='203.0.113.1': ")
    assert "0.0.0.0" in message


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("tests.support.own_strategy:NoStrategy", "lacks release, discard, close"),
        ("tests.support.own_strategy:Nothing", "has no Nothing"),
        ("no.such.module:Class", "cannot import no.such.module"),
        ("app.db.strategies:STRATEGIES", "lacks acquire, release, discard, close"),
        ("tests.support.own_strategy:Unbuildable", "cannot be constructed (ZeroDivisionError"),
        ("unparsable:Class", "cannot import unparsable (SyntaxError"),
    ],
)
def test_a_class_that_is_not_a_strategy_is_rejected(name, problem, tmp_path, monkeypatch):
    Path(tmp_path, "unparsable.py").write_text("class Class:\n    def acquire(self:\n")
    monkeypatch.syspath_prepend(tmp_path)

    message = startup_error(unreachable_url(), DB_STRATEGY=name)

    assert message.startswith(f"DB_STRATEGY='{name}'")
    assert problem in message
    assert "acquire, release, discard, close" in message


def test_a_missing_certificate_file_is_named(migrated):
    message = startup_error(migrated, DB_SSL_MODE="VERIFY_CA", DB_SSL_CA="/no/such.pem")

    assert message.startswith("DB_SSL_CA='/no/such.pem'")
    assert "PEM" in message


def test_a_server_without_tls_or_with_an_untrusted_certificate_is_rejected(migrated):
    message = startup_error(migrated, DB_SSL_MODE="VERIFY_IDENTITY")

    assert message.startswith("DB_SSL_MODE='VERIFY_IDENTITY': TLS failed")


@pytest.mark.parametrize("missing", ["DATABASE_URL", "SECRET_KEY"])
def test_a_secret_has_no_default(missing, migrated):
    assert f"{missing} is missing" in startup_error(migrated, without=[missing])


def test_a_recycle_age_at_or_above_the_idle_limit_prevents_the_start(migrated):
    message = startup_error(migrated, DB_STRATEGY="timed", DB_RECYCLE_SECONDS=28800)

    assert message.startswith("DB_RECYCLE_SECONDS=28800: the server closes idle connections")
    assert "(wait_timeout)" in message
    assert "less than 28800" in message


def test_an_unreachable_server_is_reported_before_a_recycle_age():
    message = startup_error(unreachable_url(), DB_STRATEGY="timed", DB_RECYCLE_SECONDS=0)

    assert "no server responds at this address" in message
    assert "DB_RECYCLE_SECONDS" not in message
