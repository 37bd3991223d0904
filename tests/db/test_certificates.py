"""Certificates replaced while the process runs, and the errors for those that are rejected."""

import logging
from contextlib import closing
from pathlib import Path

import pytest

from app.db.connector import Connector
from app.db.errors import AccessDenied, code_of
from app.db.tls_context import TLSContext
from tests.db.test_sockets import DRIVERS
from tests.db.test_tls import FILES, secured
from tests.support.certificates import Authority
from tests.support.database import kill_all, opened, query, settings_for
from tests.support.server import FLAVOR

RELOAD = "ALTER INSTANCE RELOAD TLS" if FLAVOR == "mysql" else "FLUSH SSL"


@pytest.fixture(scope="module")
def server():
    """A server whose certificates the tests replace."""
    with secured(Authority("first"), "127.0.0.1") as running:
        yield running


@pytest.fixture(scope="module")
def url(server):
    return server.create_database()


@pytest.fixture
def ca(server, tmp_path):
    """A copy of the authority's certificate that the server uses now."""
    path = tmp_path / "ca.pem"
    path.write_bytes((server.data / FILES["ssl_ca"]).read_bytes())
    return path


def renew_server(server, authority, **options):
    """Replace the server's certificate by one of this authority, without a restart."""
    certificate, key = authority.issue("127.0.0.1", **options)
    contents = zip(FILES.values(), (authority.pem, certificate, key), strict=True)
    for name, content in contents:
        (server.data / name).write_bytes(content)
    with closing(server.connect()) as root:
        query(root, RELOAD)


def replace(path, content):
    """Replace a file by renaming another one, as a secret mounted in Kubernetes is replaced."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.rename(path)


def overwrite(path, content):
    path.write_bytes(content)


def verifying(ca, **settings):
    return {"db_ssl_mode": "VERIFY_IDENTITY", "db_ssl_ca": str(ca), **settings}


def connector_of(url, ca, **settings):
    return Connector(settings_for(url, **verifying(ca, **settings)).database_config())


def read(db):
    return db.fetch_one("SELECT 1 AS one")


@pytest.mark.parametrize("change", [replace, overwrite])
@pytest.mark.parametrize("driver", DRIVERS)
def test_new_certificates_are_used_without_a_restart(driver, change, server, url, ca):
    with opened(url, **verifying(ca, db_driver=driver)) as db, closing(server.connect()) as root:
        read(db)
        second = Authority("second")
        change(ca, second.pem)
        renew_server(server, second)
        kill_all(root, url)

        assert read(db) == {"one": 1}
        assert db.access_error() is None


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_certificate_renewed_before_the_file_is_rejected_until_the_file_follows(
    driver, server, url, ca
):
    connect = connector_of(url, ca, db_driver=driver)
    second = Authority("second")
    renew_server(server, second)
    with pytest.raises(connect.dbapi.OperationalError) as caught:
        connect()
    replace(ca, second.pem)
    connect().close()

    assert code_of(caught.value) == 2026


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nMIIB"])
def test_an_unreadable_file_keeps_the_authorities_in_use_and_is_logged_once(
    content, url, ca, caplog
):
    connect = connector_of(url, ca)
    complete = ca.read_bytes()
    ca.unlink()
    if content is not None:
        ca.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            connect().close()
    (record,) = caplog.records
    caplog.clear()
    ca.write_bytes(complete)
    connect().close()

    assert str(ca) in record.getMessage()
    assert not caplog.records


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nMIIB"])
def test_mysqlclient_recovers_from_an_unreadable_file(content, url, ca):
    connect = connector_of(url, ca, db_driver="mysqlclient")
    complete = ca.read_bytes()
    ca.unlink()
    if content is not None:
        ca.write_bytes(content)
    with pytest.raises(connect.dbapi.OperationalError):
        connect()
    ca.write_bytes(complete)

    connect().close()


def test_an_unchanged_file_is_read_once(url, ca, monkeypatch):
    reads = count_reads(monkeypatch)
    connect = connector_of(url, ca)
    for _ in range(3):
        connect().close()

    assert len(reads) == 1


def count_reads(monkeypatch):
    reads = []
    original = TLSContext._build
    monkeypatch.setattr(TLSContext, "_build", lambda self: reads.append(1) or original(self))
    return reads


def test_a_file_that_changes_unnoticed_is_read_again_once_after_a_rejection(
    server, url, ca, monkeypatch
):
    """On network file systems `stat` may return the state of some seconds ago."""
    monkeypatch.setattr(TLSContext, "_state", lambda _: (1,))
    reads = count_reads(monkeypatch)
    connect = connector_of(url, ca)
    second = Authority("second")
    renew_server(server, second)
    ca.write_bytes(second.pem)
    connect().close()
    assert len(reads) == 2

    renew_server(server, Authority("third"))
    for _ in range(3):
        with pytest.raises(connect.dbapi.OperationalError):
            connect()
    assert len(reads) == 2


def test_the_error_names_the_problem_and_the_file_with_its_authorities(server, url, ca):
    renew_server(server, Authority("another"))
    with opened(url, **verifying(ca)) as db, pytest.raises(AccessDenied) as caught:
        read(db)

    message = str(caught.value)
    assert "certificate was rejected: self-signed certificate in certificate chain" in message
    assert f"{ca} trusts commonName=" in message
    assert " until " in message


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_error_says_that_no_file_is_set(driver, url):
    settings = {"db_ssl_mode": "VERIFY_CA", "db_driver": driver}
    with opened(url, **settings) as db, pytest.raises(AccessDenied, match="only the system's"):
        read(db)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_error_for_an_expired_certificate_says_so(driver, server, url, tmp_path):
    authority = Authority("expiring")
    renew_server(server, authority, days=-1)
    ca = Path(tmp_path, "expiring.pem")
    ca.write_bytes(authority.pem)
    with (
        opened(url, **verifying(ca, db_driver=driver)) as db,
        pytest.raises(AccessDenied) as caught,
    ):
        read(db)

    assert "certificate has expired" in str(caught.value)
    assert str(ca) in str(caught.value)
