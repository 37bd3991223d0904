"""TLS: the certificates each DB_SSL_MODE accepts, and the detection of disconnects under TLS."""

import ssl
from contextlib import closing

import pytest
from sqlalchemy import create_engine, make_url, text

from app.db.connector import Connector
from app.db.errors import AccessDenied, ConnectionLost, DatabaseUnavailable
from app.db.sqlalchemy import keep_alive
from app.db.tls_context import is_refusal
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.relay import Relay, through
from tests.db.test_concurrency import settles
from tests.db.test_outcomes import is_answered
from tests.db.test_sockets import DRIVERS, read, seconds_until_it_fails
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
from tests.support.server import FLAVOR, start_server

FILES = {"ssl_ca": "test-ca.pem", "ssl_cert": "test-cert.pem", "ssl_key": "test-key.pem"}
WITHOUT_TLS = {"tls_version": ""} if FLAVOR == "mysql" else {"ssl": "OFF"}
SSL_REQUEST = b"\x20\x00\x00\x01"  # the header of the packet, which has 32 bytes
CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"


@pytest.fixture(scope="module")
def authority():
    return Authority("trusted")


@pytest.fixture(scope="module")
def tls_server(authority):
    """A server with a certificate for 127.0.0.1 and for localhost."""
    with secured(authority, "127.0.0.1", "localhost") as server:
        yield server


def secured(authority, *addresses):
    certificate, key = authority.issue(*addresses)
    contents = (authority.pem, certificate, key)
    return start_server(dict(zip(FILES.values(), contents, strict=True)), **FILES)


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


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_without_tls_is_rejected(driver):
    # The C library falls back to no encryption, over which it does not send MySQL the password.
    is_denied = FLAVOR == "mysql" and driver == "mysqlclient"
    with start_server(**WITHOUT_TLS) as server:
        url = server.create_database()
        with (
            opened(url, db_ssl_mode="REQUIRED", db_driver=driver) as db,
            pytest.raises(AccessDenied, match="1045" if is_denied else "SSL is required"),
        ):
            db.fetch_one("SELECT 1")


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_name_localhost_is_verified(driver, tls_url, ca):
    url = tls_url.replace("@127.0.0.1", "@localhost")
    with opened(url, db_ssl_mode="VERIFY_IDENTITY", db_ssl_ca=ca, db_driver=driver) as db:
        assert db.fetch_one(CIPHER)["Value"] != ""


def test_disabled_does_not_encrypt(tls_url):
    with opened(tls_url) as db:
        assert db.fetch_one(CIPHER)["Value"] == ""


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_a_certificate_of_another_authority_is_rejected(mode, driver, tls_url, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("untrusted").pem)

    with (
        opened(tls_url, db_ssl_mode=mode, db_ssl_ca=str(other), db_driver=driver) as db,
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
        relay.discard_response_to = SSL_REQUEST
        url = through(relay, tls_url)
        with opened(url, db_ssl_mode="REQUIRED", db_connect_timeout_seconds=1) as db:
            assert 0.9 < seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS


@pytest.mark.parametrize("how", ["fin", "reset"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_tls_handshake_that_is_cut_off_is_no_refusal(driver, how, tls_server, tls_url):
    with Relay(tls_server.port) as relay:
        url = through(relay, tls_url)
        with opened(url, db_ssl_mode="REQUIRED", db_driver=driver) as db:
            relay.close_at = SSL_REQUEST, how
            with pytest.raises(DatabaseUnavailable) as caught:
                db.fetch_one("SELECT 1")
            relay.close_at = None

            assert type(caught.value) is DatabaseUnavailable
            assert db.access_error() is None
            # A refusal would be followed by a pause of five seconds.
            assert settles(lambda: is_answered(db), seconds=3)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_tls_handshake_that_times_out_is_no_refusal(driver, tls_server, tls_url):
    with Relay(tls_server.port) as relay:
        settings = {"db_driver": driver, "db_connect_timeout_seconds": 1}
        with opened(through(relay, tls_url), db_ssl_mode="REQUIRED", **settings) as db:
            relay.discard_response_to = SSL_REQUEST
            with pytest.raises(DatabaseUnavailable) as caught:
                db.fetch_one("SELECT 1")

            assert type(caught.value) is DatabaseUnavailable
            assert db.access_error() is None


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        # `openssl errstr`, as PyMySQL's and mysqlclient's errors contain them
        ("wrong version number", True),
        ("tlsv1 alert protocol version", True),
        ("SSLV3 ALERT HANDSHAKE FAILURE", True),
        ("no ciphers available", True),
        ("dh key too small", True),
        ("tlsv1 alert unknown ca", True),
        # X509_verify_cert_error_string
        ("TLS/SSL error: certificate has expired", True),
        ("TLS/SSL error: IP address mismatch", True),
        ("SSL connection error: SSL is required but the server doesn't support it", True),
        ("UNEXPECTED EOF WHILE READING", False),
        ("TLS/SSL error: Connection reset by peer (104)", False),
        ("shutdown while in init", False),
        ("protocol is shutdown", False),
        ("tlsv1 alert internal error", False),
        ("decryption failed or bad record mac", False),
        ("", False),
    ],
)
def test_only_certificates_protocols_and_ciphers_are_refusals(reason, expected):
    assert is_refusal(reason) == expected


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
