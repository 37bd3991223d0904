"""The addresses of a server: host names, several addresses, Unix sockets."""

import socket
from contextlib import contextmanager
from threading import Timer

import pytest

from app.db import DatabaseUrl
from app.db.clock import Deadline
from app.db.errors import DatabaseUnavailable
from app.db.transport import open_socket
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.test_sockets import DRIVERS, read
from tests.support.database import opened, query
from tests.support.service import free_port

UNUSABLE = 255  # an address family that no kernel has: socket() fails


@pytest.fixture
def name_server(monkeypatch):
    """The list of families and addresses that `students.test` resolves to."""
    original = socket.getaddrinfo
    found = []

    def getaddrinfo(host, port, *arguments, flags=0, **options):
        if host != "students.test":
            return original(host, port, *arguments, flags=flags, **options)
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        return [(family, socket.SOCK_STREAM, 6, "", address) for family, address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return found


def named(url):
    return url.replace("127.0.0.1", "students.test")


def unusable():
    return UNUSABLE, ("::1", 3306, 0, 0)


def refusing():
    return socket.AF_INET, ("127.0.0.1", free_port())


def test_an_unusable_address_family_is_skipped(name_server, server, url):
    name_server += [unusable(), (socket.AF_INET, ("127.0.0.1", server.port)), unusable()]
    with opened(named(url)) as db:
        assert read(db) == {"1": 1}


@pytest.mark.parametrize(
    "addresses",
    [(unusable, refusing), (refusing, unusable), (unusable, refusing, unusable)],
    ids=["first", "last", "both"],
)
def test_the_error_is_that_of_the_address_that_could_be_tried(addresses, name_server, url):
    name_server += [address() for address in addresses]
    with (
        opened(named(url), db_outage_patience_seconds=0) as db,
        pytest.raises(DatabaseUnavailable, match="Connection refused"),
    ):
        read(db)


def test_the_address_family_is_named_if_there_is_no_other_error(name_server, url):
    name_server += [unusable()] * 2
    with (
        opened(named(url), db_outage_patience_seconds=0) as db,
        pytest.raises(DatabaseUnavailable, match="Address family not supported"),
    ):
        read(db)


@pytest.mark.parametrize("driver", DRIVERS)
def test_localhost_is_reached_at_its_port(driver, server, url):
    at_localhost = url.replace("@127.0.0.1:", "@localhost:")
    with opened(at_localhost, db_driver=driver) as db:
        assert db.fetch_one("SELECT @@port AS port") == {"port": server.port}


@pytest.mark.parametrize("driver", DRIVERS)
def test_localhost_without_a_port_is_reached_by_tcp(driver):
    # An account that exists nowhere: if a server listens on port 3306, it rejects it.
    url = "mysql://nobody-at-all:secret@localhost/students"
    settings = {"db_driver": driver, "db_outage_patience_seconds": 0}
    with opened(url, **settings) as db, pytest.raises(DatabaseUnavailable) as caught:
        read(db)

    assert DatabaseUrl.parse(url).port == 3306
    assert "socket" not in str(caught.value)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_unix_socket_is_used_if_it_is_given(driver, server, url, root):
    query(root, "FLUSH PRIVILEGES")  # MySQL then needs the password itself at the next login
    with_socket = url.replace("@127.0.0.1", "@localhost") + f"?unix_socket={server.socket}"
    with opened(with_socket, db_driver=driver) as db:
        # Clients on a Unix socket have no port.
        sql = "SELECT host FROM information_schema.processlist WHERE id = CONNECTION_ID()"
        assert db.fetch_one(sql) == {"host": "localhost"}


@contextmanager
def full_unix_socket(path):
    """A Unix socket that accepts no further connection before one is accepted."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        waiting = []
        try:
            while True:
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].setblocking(False)
                waiting[-1].connect(str(path))
        except BlockingIOError:
            yield listener
        finally:
            for one in waiting:
                one.close()


def test_a_unix_socket_with_a_full_backlog_is_waited_for(tmp_path):
    with full_unix_socket(tmp_path / "socket") as listener:
        url = DatabaseUrl.parse(f"mysql://app:secret@/students?unix_socket={tmp_path}/socket")
        accepted = []
        Timer(0.3, lambda: accepted.append(listener.accept()[0])).start()

        open_socket(url, Deadline(20), address_timeout_seconds=MAX_DELAY_SECONDS).close()
        accepted[0].close()


def test_a_unix_socket_whose_backlog_stays_full_fails_at_the_timeout(tmp_path):
    with full_unix_socket(tmp_path / "socket"):
        url = DatabaseUrl.parse(f"mysql://app:secret@/students?unix_socket={tmp_path}/socket")
        deadline = Deadline(20)
        with pytest.raises(BlockingIOError):
            open_socket(url, deadline, address_timeout_seconds=0.3)

        assert 20 - MAX_DELAY_SECONDS < deadline.remaining() < 20 - 0.2


@pytest.mark.parametrize(
    ("text", "host", "address"),
    [
        ("[::1]:3307", "::1", "[::1]:3307"),
        ("[::1]", "::1", "[::1]:3306"),
        ("[fe80::1%25eth0]", "fe80::1%eth0", "[fe80::1%eth0]:3306"),
        ("db.example", "db.example", "db.example:3306"),
    ],
)
def test_an_ipv6_address_is_in_brackets(text, host, address):
    url = DatabaseUrl.parse(f"mysql://app:secret@{text}/students")

    assert (url.host, url.address) == (host, address)
    assert str(url) == f"mysql://app:…@{address}/students"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://app:secret@127.0.0.1:0/students", "the port is a number from 1 to 65535"),
        ("mysql://app:secret@127.0.0.1:65536/students", "the port is a number from 1 to 65535"),
        ("mysql://app:secret@db/students?unix_socket=", "unix_socket is empty"),
    ],
)
def test_a_port_or_socket_that_cannot_exist_is_rejected(url, problem):
    with pytest.raises(ValueError, match=problem):
        DatabaseUrl.parse(url)
