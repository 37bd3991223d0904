"""TLS: the certificates each DB_SSL_MODE accepts, and the detection of disconnects under TLS."""

import ssl
from contextlib import closing

import pytest
from sqlalchemy import create_engine, make_url, text

from app.db.connector import Connector
from app.db.errors import AccessDenied, ConnectionLost
from app.db.sqlalchemy import keep_alive
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.relay import Relay, through
from tests.db.test_concurrency import settles
from tests.db.test_sockets import read, seconds_until_it_fails
from tests.support.certificates import Authority
from tests.support.database import (
    connection_id,
    connections_of,
    in_child,
    kill_all,
    opened,
    query,
    settings_for,
)
from tests.support.server import start_server

CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"


@pytest.fixture(scope="module")
def authority():
    return Authority("trusted")


@pytest.fixture(scope="module")
def tls_server(authority):
    """A server with a certificate for 127.0.0.1."""
    with secured(authority, "127.0.0.1") as server:
        yield server


def secured(authority, address):
    certificate, key = authority.issue(address)
    files = {"test-ca.pem": authority.pem, "test-cert.pem": certificate, "test-key.pem": key}
    options = {"ssl_ca": "test-ca.pem", "ssl_cert": "test-cert.pem", "ssl_key": "test-key.pem"}
    return start_server(files, **options)


@pytest.fixture(scope="module")
def tls_url(tls_server):
    return tls_server.create_database()


@pytest.fixture
def ca(authority, tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.pem)
    return str(path)


@pytest.fixture
def db(tls_url):
    with opened(tls_url, db_ssl_mode="REQUIRED") as database:
        yield database


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
@pytest.mark.parametrize("mode", ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"])
def test_all_modes_but_disabled_encrypt(mode, driver, tls_url, ca):
    with opened(tls_url, db_ssl_mode=mode, db_ssl_ca=ca, db_driver=driver) as db:
        assert db.fetch_one(CIPHER)["Value"] != ""


def test_disabled_does_not_encrypt(tls_url):
    with opened(tls_url) as db:
        assert db.fetch_one(CIPHER)["Value"] == ""


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_a_certificate_of_another_authority_is_rejected(mode, tls_url, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("untrusted").pem)

    with (
        opened(tls_url, db_ssl_mode=mode, db_ssl_ca=str(other)) as db,
        pytest.raises(AccessDenied),
    ):
        db.fetch_one("SELECT 1")


def test_a_certificate_of_another_address_is_rejected_by_verify_identity_only(authority, ca):
    with secured(authority, "127.0.0.2") as elsewhere:
        url = elsewhere.create_database()
        with opened(url, db_ssl_mode="VERIFY_CA", db_ssl_ca=ca) as db:
            assert db.fetch_one("SELECT 1 AS one") == {"one": 1}
        with (
            opened(url, db_ssl_mode="VERIFY_IDENTITY", db_ssl_ca=ca) as db,
            pytest.raises(AccessDenied),
        ):
            db.fetch_one("SELECT 1")


def test_all_connections_share_one_ssl_context(tls_url, monkeypatch):
    made = []
    original = ssl.create_default_context
    monkeypatch.setattr(
        ssl, "create_default_context", lambda **options: made.append(1) or original(**options)
    )

    connector = Connector(settings_for(tls_url, db_ssl_mode="REQUIRED").database_config())
    for _ in range(3):
        with closing(connector()):
            pass

    assert len(made) == 1


def test_a_live_connection_passes_the_liveness_check(db):
    for _ in range(50):
        db.fetch_one("SELECT 1")

    assert db.statistics()["opened"] == 1


def test_the_liveness_check_detects_a_kill_under_tls(db, tls_server, tls_url):
    db.fetch_one("SELECT 1")
    with tls_server.connect() as root:
        for victim in connections_of(root, tls_url):
            query(root, f"KILL {victim}")

    db.fetch_one("SELECT 1")

    assert "retried_read" not in db.statistics()
    assert db.statistics()["opened"] == 2


def test_a_child_does_not_disturb_the_parent_s_tls_session(db):
    before = connection_id(db)
    in_child(lambda: connection_id(db))
    in_child(lambda: None)

    assert connection_id(db) == before


def test_a_tls_handshake_without_response_fails_at_the_deadline(tls_server, tls_url):
    with Relay(tls_server.port) as relay:
        relay.discard_response_to = b"\x20\x00\x00\x01"  # the header of the SSL request, 32 bytes
        url = through(relay, tls_url)
        with opened(url, db_ssl_mode="REQUIRED", db_connect_timeout_seconds=1) as db:
            assert 0.9 < seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS


@pytest.fixture
def relayed(tls_server, tls_url):
    """A `Database` with TLS through a relay, and the relay."""
    with (
        Relay(tls_server.port) as relay,
        opened(
            through(relay, tls_url), db_ssl_mode="REQUIRED", db_tcp_user_timeout_seconds=1
        ) as database,
    ):
        yield database, relay


def test_a_dropped_connection_is_counted_as_timed_out_under_tls(relayed):
    db, relay = relayed
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        tx.fetch_one("SELECT 1 AS one")
        relay.drop()
        tx.fetch_one("SELECT 2 AS two")

    assert db.statistics()["closed_timed_out"] == 1


def test_a_reset_is_counted_as_reset_under_tls(relayed):
    db, relay = relayed
    db.fetch_one("SELECT 1 AS one")
    relay.forget()

    assert db.fetch_one("SELECT 2 AS two") == {"two": 2}
    assert db.statistics()["closed_reset"] == 1


def test_a_fin_is_not_counted_as_reset_or_timeout_under_tls(relayed):
    db, relay = relayed
    db.fetch_one("SELECT 1 AS one")
    relay.forget("fin")

    assert db.fetch_one("SELECT 2 AS two") == {"two": 2}
    assert not {"closed_reset", "closed_timed_out"} & db.statistics().keys()


@pytest.mark.parametrize(
    ("name", "options"),
    [("mysql+pymysql", {"ssl": ssl.create_default_context()}), ("mysql+mysqldb", {})],
)
def test_keep_alive_finds_a_killed_connection_of_sqlalchemy_under_tls(
    name, options, tls_server, tls_url
):
    if context := options.get("ssl"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    else:
        options = {"ssl_mode": "REQUIRED"}
    url = make_url(tls_url).set(drivername=name)
    engine = keep_alive(create_engine(url, pool_size=1, connect_args=options))

    def cipher():
        with engine.connect() as connection:
            return connection.execute(text(CIPHER)).one()[1]

    assert cipher() == cipher() != ""
    with tls_server.connect() as root:
        kill_all(root, tls_url)
        assert settles(lambda: not connections_of(root, tls_url))

    assert cipher() != ""
    engine.dispose()
