"""Failed attempts to open a connection, whatever it was that answered or did not answer."""

import logging
import signal
import sys

import pytest

from app import create_app
from app.db.connector import Connector
from app.db.errors import AccessDenied, DatabaseUnavailable
from tests.db.test_concurrency import settles
from tests.db.test_sockets import DRIVERS, read
from tests.support.database import opened, settings_for
from tests.support.scripted_server import GREETING, ScriptedServer, packet
from tests.support.signing_in import basic

GREETINGS = {
    "X Protocol": b"\x05\x00\x00\x00\x0b\x08\x05\x1a\x00",
    "HTTP": b"HTTP/1.1 400 Bad request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "Redis": b"-ERR unknown command\r\n",
    "TLS": b"\x15\x03\x03\x00\x02\x02\x46",
    "nothing": b"",
    "half a header": b"\x4a\x00",
    "half a greeting": b"\x4a\x00\x00\x00\x0a8.0.33\x00\x01\x00",
    "truncated greeting": b"\x0a\x00\x00\x00\x0a8.0.33\x00\x01\x00",
    "empty packet": packet(b""),
    "protocol 9": packet(b"\x093.20.0\x00\x01\x00\x00\x00abcdefgh\x00"),
    "an unknown error": packet(b"\xff\x0f\x27an error of the future"),
    "half an error": packet(b"\xff"),
}
ANSWERS = {
    "garbage": b"garbage garbage garbage garbage",
    "nothing": b"",
    "empty packet": packet(b"", 2),
    "half an error": packet(b"\xff", 2),
    "half of OK": packet(b"\x00", 2),
    "unknown": packet(b"\x77abc", 2),
    "an empty plugin": packet(b"\xfe", 2),
    "a plugin that is not UTF-8": packet(b"\xfe\xff\xff\x00abc\x00", 2),
    "data for no plugin": packet(b"\x01\x03", 2),
}
CASES = [
    *(pytest.param(data, None, id=f"greeting: {name}") for name, data in GREETINGS.items()),
    *(pytest.param(GREETING, data, id=f"login: {name}") for name, data in ANSWERS.items()),
]


@pytest.fixture(params=DRIVERS)
def driver(request):
    return request.param


def fail(db):
    with pytest.raises(DatabaseUnavailable) as caught:
        read(db)
    return caught.value


@pytest.mark.parametrize(("data", "answer"), CASES)
def test_an_invalid_response_is_an_unavailable_server(data, answer, driver, caplog):
    settings = {"db_driver": driver, "db_outage_patience_seconds": 0}
    with ScriptedServer(data, answer) as server, opened(server.url, **settings) as db:
        failure = fail(db)
        assert type(fail(db)) is type(failure) is DatabaseUnavailable

        assert server.accepted == 1  # the circuit breaker is open
        assert settles(lambda: server.closed_by_client == 1)
    assert f"127.0.0.1:{server.port}" in str(failure)
    (record,) = caplog.records
    assert record.exc_info is None
    assert "circuit breaker open" in record.getMessage()


def test_an_invalid_response_is_a_503_without_a_traceback(driver, caplog):
    with ScriptedServer(GREETINGS["X Protocol"]) as server, caplog.at_level(logging.WARNING):
        settings = {"db_driver": driver, "db_outage_patience_seconds": 0}
        app = create_app(settings_for(server.url, **settings))
        response = app.test_client().post("/v1/tokens", headers=basic("someone", "a password"))

    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("strategy", ["per_query", "timed", "pooled", "sqlalchemy"])
def test_an_invalid_response_is_an_unavailable_server_in_every_strategy(strategy, driver):
    settings = {"db_driver": driver, "db_strategy": strategy}
    with ScriptedServer(packet(b"")) as server, opened(server.url, **settings) as db:
        assert type(fail(db)) is DatabaseUnavailable


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test"])
def test_a_host_that_cannot_be_a_name_is_unavailable(host, driver):
    settings = {"db_driver": driver, "db_outage_patience_seconds": 0}
    with opened(f"mysql://app:secret@{host}/students", **settings) as db:
        assert type(fail(db)) is DatabaseUnavailable


@pytest.mark.parametrize(
    ("driver", "plugin", "name"),
    [
        ("pymysql", b"client_ed25519", "ed25519"),
        ("pymysql", b"auth_gssapi_client", "auth_gssapi_client"),
        ("mysqlclient", b"no_such_plugin", "no_such_plugin"),
    ],
)
def test_a_missing_authentication_plugin_is_a_refusal_that_names_it(
    driver, plugin, name, monkeypatch
):
    monkeypatch.setitem(sys.modules, "nacl", None)  # ed25519 works where PyNaCl is installed
    switch = packet(b"\xfe" + plugin + b"\x00" + b"x" * 32, 2)
    with ScriptedServer(GREETING, switch) as server, opened(server.url, db_driver=driver) as db:
        failure = fail(db)

        assert isinstance(db.access_error(), AccessDenied)
    assert (type(failure), failure.code) == (AccessDenied, 2059)
    assert name in str(failure)


class Interrupted(BaseException):
    """As KeyboardInterrupt, SystemExit and gevent's timeouts are."""


def test_an_interrupt_while_connecting_passes_through(driver, relay, url):
    def interrupt(*_):
        raise Interrupted

    relay.is_silent = True
    address = f"mysql://app:secret@127.0.0.1:{relay.port}/students"
    connect = Connector(settings_for(address, db_driver=driver).database_config())
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(Interrupted):
            connect()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert connect.opened == connect.count_open() == 0
