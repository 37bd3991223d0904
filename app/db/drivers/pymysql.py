"""PyMySQL on a socket of our own."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pymysql
from pymysql.connections import MAX_PACKET_LEN
from pymysql.constants import CLIENT, CR

from app.db.clock import Deadline
from app.db.connection import OwnsFlow
from app.db.dial import dial
from app.db.drivers.pymysql_rows import RowsResult
from app.db.drivers.session import session_statement
from app.db.flow import set_options
from app.settings import Settings

# Fits into an empty send buffer wherever the service runs, its bookkeeping included.
NEVER_WAITS_BYTES = 4096
# What is read at once of what has arrived: most pages of a list.
READ_AHEAD_BYTES = 65536


class PyMySQLConnection(OwnsFlow, pymysql.connections.Connection):
    """A PyMySQL connection that knows its socket, and keeps a deadline as a whole.

    PyMySQL's own timeouts hold for each `recv`: a server that drips its
    greeting byte by byte defeats them.
    """

    server_status: int
    _result: RowsResult | None
    _next_seq_id: int
    _read_timeout: float
    _write_timeout: float
    _current_timeout: float
    _rfile: Any
    _has_deadline = False
    _sock: socket.socket

    def __init__(self, *, session: str, **arguments: Any) -> None:
        super().__init__(defer_connect=True, **arguments)
        self._session = session

    def set_character_set(self, charset: str, collation: str | None = None) -> None:  # noqa: ARG002
        """Send all session settings where PyMySQL would send SET NAMES alone."""
        self.query(self._session)

    def read_payload(self) -> bytes:
        """Read a packet without making an object of it; raises `OperationalError` (2013)."""
        parts = []
        length = MAX_PACKET_LEN
        while length == MAX_PACKET_LEN:  # longer than one packet can be: the next one goes on
            header = self._read_bytes(4)
            if header[3] != self._next_seq_id:
                raise self._lost(" (packets out of order)")
            self._next_seq_id = (header[3] + 1) % 256
            length = int.from_bytes(header[:3], "little")
            parts.append(self._read_bytes(length))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def at_hand(self) -> tuple[bytes, int]:
        """Give what has arrived, of which nothing is taken, and the number its first packet has.

        Waits where nothing has; raises `OperationalError` (2013). Gives nothing where a deadline
        holds: that is kept packet by packet.
        """
        if self._has_deadline:
            return b"", 0
        try:
            return self._rfile.peek(), self._next_seq_id
        except OSError as error:
            raise self._lost(f" ({error})") from error

    def take(self, num_bytes: int, next_number: int) -> None:
        """Take so many bytes of what is at hand, all of them whole packets."""
        self._rfile.read(num_bytes)
        self._next_seq_id = next_number

    def read_ahead(self) -> None:
        """From here on, read more at once than PyMySQL does; all that was asked is answered."""
        self._rfile = self._sock.makefile("rb", READ_AHEAD_BYTES)

    def _read_query_result(self, unbuffered: bool = False) -> int | None:
        if unbuffered:
            return super()._read_query_result(unbuffered)  # type: ignore[misc,no-any-return]
        self._result = None
        result = RowsResult(self)
        result.read()
        self._result = result
        if result.server_status is not None:
            self.server_status = result.server_status
        return result.affected_rows

    def _write_bytes(self, data: bytes) -> None:
        """Send without changing the socket's timeout where sending cannot wait.

        The buffer is empty before each statement. To change the timeout and back is a system call
        each, and at each of them another thread takes Python's lock.
        """
        configured = self._write_timeout
        if len(data) <= NEVER_WAITS_BYTES:
            self._write_timeout = self._current_timeout
        try:
            super()._write_bytes(data)  # type: ignore[misc]
        finally:
            self._write_timeout = configured

    @contextmanager
    def answer_within(self, seconds: float) -> Iterator[None]:
        """Bound everything inside the block as a whole; then 2013 is raised."""
        before = self._read_timeout, self._write_timeout
        # settimeout() alone would do nothing: PyMySQL caches what it set.
        self._read_timeout = self._write_timeout = seconds
        # Shadow the class's own for as long as the block: in steady use that costs nothing.
        self._read_bytes = partial(self._read_bytes_in_time, Deadline(seconds))
        self._has_deadline = True
        try:
            yield
        finally:
            del self._read_bytes, self._has_deadline
            self._read_timeout, self._write_timeout = before

    def _read_bytes_in_time(self, deadline: Deadline, num_bytes: int) -> bytes:
        data = b""
        while len(data) < num_bytes:
            try:
                self._grant(deadline.remaining())
                received = self._rfile.read1(num_bytes - len(data))
            except OSError as error:
                raise self._lost(f" ({error})") from error
            if not received:
                raise self._lost("")
            data += received
        return data

    def _grant(self, seconds: float) -> None:
        # The write timeout, too: TLS's handshake inherits it.
        self._read_timeout = self._write_timeout = self._current_timeout = seconds
        self._sock.settimeout(seconds)

    def _lost(self, detail: str) -> pymysql.err.OperationalError:
        self._force_close()  # type: ignore[attr-defined]
        message = f"Lost connection to MySQL server during query{detail}"
        return pymysql.err.OperationalError(CR.CR_SERVER_LOST, message)


class PyMySQLDriver:
    """Opens PyMySQL connections; one `SSLContext` serves them all."""

    dbapi = pymysql

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._arguments = _arguments(settings, tls)

    def open(self, deadline: Deadline, *, dial_seconds: float) -> PyMySQLConnection:
        """Connect before the deadline; raises `OperationalError`."""
        settings = self._settings
        connection = PyMySQLConnection(**self._arguments)
        try:
            sock = dial(settings.database_url, deadline, each_seconds=dial_seconds)
        except OSError as error:
            url = settings.database_url
            place = url.unix_socket or f"{url.host}:{url.port}"
            raise pymysql.err.OperationalError(
                CR.CR_CONN_HOST_ERROR, f"can't connect to {place} ({error})"
            ) from error
        set_options(
            sock.fileno(),
            keepalive_seconds=settings.db_keepalive_seconds,
            user_timeout_seconds=settings.db_tcp_user_timeout_seconds,
        )
        connection.adopt(sock.fileno())
        try:
            with connection.answer_within(deadline.remaining()):
                connection.connect(sock)
        except pymysql.err.OperationalError as error:
            raise _tls_problem(error) or error from error.__cause__
        connection.read_ahead()
        return connection


def _arguments(settings: Settings, tls: ssl.SSLContext | None) -> dict[str, Any]:
    url = settings.database_url
    return {
        "session": session_statement(settings),
        "user": url.user,
        "password": url.password,
        "host": url.host,
        "port": url.port,
        "unix_socket": url.unix_socket,
        "database": url.name,
        "charset": "utf8mb4",
        "autocommit": True,
        "client_flag": CLIENT.FOUND_ROWS,
        "ssl": tls,
        "ssl_disabled": tls is None,
        "read_timeout": settings.db_read_timeout_seconds,
        "write_timeout": settings.db_write_timeout_seconds,
    }


def _tls_problem(error: pymysql.err.OperationalError) -> pymysql.err.OperationalError | None:
    """Tell a certificate that was refused (2026) from a server that is away (2003).

    PyMySQL says 2003 for every `OSError`, and `ssl.SSLError` is one.
    """
    original = getattr(error, "original_exception", None)
    if isinstance(original, ssl.SSLError):
        return pymysql.err.OperationalError(CR.CR_SSL_CONNECTION_ERROR, f"TLS: {original}")
    return None
