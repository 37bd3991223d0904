"""PyMySQL on a socket of our own."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
from pymysql.constants import CLIENT, CR

from app.database_url import DatabaseUrl
from app.db.connection import OwnsFlow
from app.db.drivers.session import SET_SESSION
from app.db.flow import set_options
from app.settings import Settings


class PyMySQLConnection(OwnsFlow, pymysql.connections.Connection):
    """A PyMySQL connection that knows its socket."""

    _read_timeout: float
    _write_timeout: float

    def set_character_set(self, charset: str, collation: str | None = None) -> None:  # noqa: ARG002
        """Send all session settings where PyMySQL would send SET NAMES alone."""
        self.query(SET_SESSION)

    @contextmanager
    def answer_within(self, seconds: float) -> Iterator[None]:
        """Bound the wait for each answer inside the block; then 2013 is raised."""
        # settimeout() on the socket would do nothing: PyMySQL caches what it set.
        before = self._read_timeout, self._write_timeout
        self._read_timeout = self._write_timeout = seconds
        try:
            yield
        finally:
            self._read_timeout, self._write_timeout = before


class PyMySQLDriver:
    """Opens PyMySQL connections; one `SSLContext` serves them all."""

    dbapi = pymysql

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._tls = tls

    def open(self) -> PyMySQLConnection:
        """Connect within the connect timeout; raises `OperationalError`."""
        settings, url = self._settings, self._settings.database_url
        connection = PyMySQLConnection(
            user=url.user,
            password=url.password,
            host=url.host,
            port=url.port,
            unix_socket=url.unix_socket,
            database=url.name,
            charset="utf8mb4",
            autocommit=True,
            client_flag=CLIENT.FOUND_ROWS,
            ssl=self._tls,
            ssl_disabled=self._tls is None,
            # During the handshake the server has no more time than to connect.
            read_timeout=settings.db_connect_timeout_seconds,
            write_timeout=settings.db_connect_timeout_seconds,
            defer_connect=True,
        )
        sock = _open_socket(url, settings.db_connect_timeout_seconds)
        set_options(
            sock.fileno(),
            keepalive_seconds=settings.db_keepalive_seconds,
            user_timeout_seconds=settings.db_tcp_user_timeout_seconds,
        )
        connection.adopt(sock.fileno())
        try:
            connection.connect(sock)
        except pymysql.err.OperationalError as error:
            raise _tls_problem(error) or error from error.__cause__
        connection._read_timeout = settings.db_read_timeout_seconds
        connection._write_timeout = settings.db_write_timeout_seconds
        return connection


def _tls_problem(error: pymysql.err.OperationalError) -> pymysql.err.OperationalError | None:
    """Tell a certificate that was refused (2026) from a server that is away (2003).

    PyMySQL says 2003 for every `OSError`, and `ssl.SSLError` is one.
    """
    original = getattr(error, "original_exception", None)
    if isinstance(original, ssl.SSLError):
        return pymysql.err.OperationalError(CR.CR_SSL_CONNECTION_ERROR, f"TLS: {original}")
    return None


def _open_socket(url: DatabaseUrl, timeout: float) -> socket.socket:
    try:
        if url.unix_socket is None:
            return socket.create_connection((url.host, url.port), timeout)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        sock.connect(url.unix_socket)
    except OSError as error:
        place = url.unix_socket or f"{url.host}:{url.port}"
        raise pymysql.err.OperationalError(
            CR.CR_CONN_HOST_ERROR, f"can't connect to {place} ({error})"
        ) from error
    return sock
