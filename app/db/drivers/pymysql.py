"""PyMySQL, on a socket that is opened and configured here."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pymysql
from pymysql.connections import MAX_PACKET_LEN
from pymysql.constants import CLIENT, CR
from pymysql.constants.SERVER_STATUS import SERVER_STATUS_AUTOCOMMIT, SERVER_STATUS_IN_TRANS

from ..clock import Deadline
from ..config import DatabaseConfig
from ..connection import TransportMixin
from ..transport import open_socket, set_socket_options
from .pymysql_rows import RowsResult
from .session import session_statement

# Fits into an empty socket send buffer on every platform.
NEVER_BLOCKS_BYTES = 4096
# One read takes most pages of a list.
READ_AHEAD_BYTES = 65536
# PyMySQL has no constant for it:
# https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_reset_connection.html
COM_RESET_CONNECTION = 0x1F


class PyMySQLConnection(TransportMixin, pymysql.connections.Connection):
    """A PyMySQL connection that knows its socket, and can limit the time of a whole response.

    PyMySQL's own timeouts apply to each `recv`: a server that sends its
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
        """Send all session settings; PyMySQL sends SET NAMES alone."""
        self.query(self._session)

    def left_open(self) -> str:
        """Return what the status flags of the last response say is left open, "" if nothing."""
        if self.server_status & SERVER_STATUS_IN_TRANS:
            return "an open transaction"
        return "" if self.server_status & SERVER_STATUS_AUTOCOMMIT else "autocommit mode turned off"

    def reset_session(self) -> None:
        """Undo all session state but the default database and the role; two round trips."""
        self._execute_command(COM_RESET_CONNECTION, b"")  # type: ignore[attr-defined]
        self._read_ok_packet()  # type: ignore[attr-defined]
        self.query(self._session)

    def read_payload(self) -> bytes:
        """Read a packet without creating an object for it; raises `OperationalError` (2013)."""
        parts = []
        length = MAX_PACKET_LEN
        while length == MAX_PACKET_LEN:  # the maximum: the payload continues in the next packet
            header = self._read_bytes(4)
            if header[3] != self._next_seq_id:
                raise self._lost(" (packets out of order)")
            self._next_seq_id = (header[3] + 1) % 256
            length = int.from_bytes(header[:3], "little")
            parts.append(self._read_bytes(length))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def peek_packets(self) -> tuple[bytes, int]:
        """Return the bytes received but not consumed, and the sequence number of the first packet.

        Waits if there are none; raises `OperationalError` (2013). Returns no bytes while a
        response deadline is set, which applies packet by packet.
        """
        if self._has_deadline:
            return b"", 0
        try:
            return self._rfile.peek(), self._next_seq_id
        except OSError as error:
            raise self._lost(f" ({error})") from error

    def consume(self, num_bytes: int, next_number: int) -> None:
        """Consume so many bytes of `peek_packets`, all of them whole packets."""
        self._rfile.read(num_bytes)
        self._next_seq_id = next_number

    def read_ahead(self) -> None:
        """Use a larger read buffer from here on; nothing is in flight when it is called."""
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
        """Send without changing the socket's timeout if sending cannot block.

        The buffer is empty before each statement. Changing the timeout and back is a system call
        each, and each of them releases the GIL.
        """
        configured = self._write_timeout
        if len(data) <= NEVER_BLOCKS_BYTES:
            self._write_timeout = self._current_timeout
        try:
            super()._write_bytes(data)  # type: ignore[misc]
        finally:
            self._write_timeout = configured

    @contextmanager
    def response_deadline(self, seconds: float) -> Iterator[None]:
        """Limit the time of the whole block; raises 2013 when it is over."""
        before = self._read_timeout, self._write_timeout
        # settimeout() alone has no effect: PyMySQL caches the value it set.
        self._read_timeout = self._write_timeout = seconds
        # Shadows the class's method for the length of the block; no cost outside of it.
        self._read_bytes = partial(self._read_bytes_before, Deadline(seconds))
        self._has_deadline = True
        try:
            yield
        finally:
            del self._read_bytes, self._has_deadline
            self._read_timeout, self._write_timeout = before

    def _read_bytes_before(self, deadline: Deadline, num_bytes: int) -> bytes:
        data = b""
        while len(data) < num_bytes:
            try:
                self._set_timeout(deadline.remaining())
                received = self._rfile.read1(num_bytes - len(data))
            except OSError as error:
                raise self._lost(f" ({error})") from error
            if not received:
                raise self._lost("")
            data += received
        return data

    def _set_timeout(self, seconds: float) -> None:
        # The write timeout too: the TLS handshake inherits it.
        self._read_timeout = self._write_timeout = self._current_timeout = seconds
        self._sock.settimeout(seconds)

    def _lost(self, detail: str) -> pymysql.err.OperationalError:
        self._force_close()  # type: ignore[attr-defined]
        message = f"Lost connection to MySQL server during query{detail}"
        return pymysql.err.OperationalError(CR.CR_SERVER_LOST, message)


class PyMySQLDriver:
    """Opens PyMySQL connections; one `SSLContext` serves them all."""

    dbapi = pymysql

    def __init__(self, config: DatabaseConfig, tls: ssl.SSLContext | None) -> None:
        self._config = config
        self._arguments = _arguments(config, tls)

    def open(self, deadline: Deadline, *, address_timeout_seconds: float) -> PyMySQLConnection:
        """Connect before the deadline; raises `OperationalError`."""
        config = self._config
        connection = PyMySQLConnection(**self._arguments)
        try:
            sock = open_socket(
                config.url, deadline, address_timeout_seconds=address_timeout_seconds
            )
        except OSError as error:
            url = config.url
            address = url.unix_socket or f"{url.host}:{url.port}"
            raise pymysql.err.OperationalError(
                CR.CR_CONN_HOST_ERROR, f"can't connect to {address} ({error})"
            ) from error
        set_socket_options(
            sock.fileno(),
            keepalive_seconds=config.keepalive_seconds,
            user_timeout_seconds=config.tcp_user_timeout_seconds,
        )
        connection.attach_transport(sock.fileno())
        try:
            with connection.response_deadline(deadline.remaining()):
                connection.connect(sock)
        except pymysql.err.OperationalError as error:
            raise _certificate_error(error) or error from error.__cause__
        connection.read_ahead()
        return connection


def _arguments(config: DatabaseConfig, tls: ssl.SSLContext | None) -> dict[str, Any]:
    url = config.url
    return {
        "session": session_statement(config),
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
        "read_timeout": config.read_timeout_seconds,
        "write_timeout": config.write_timeout_seconds,
    }


def _certificate_error(error: pymysql.err.OperationalError) -> pymysql.err.OperationalError | None:
    """Return error 2026 if a certificate was rejected.

    PyMySQL raises 2003, server unreachable, for every `OSError`, and `ssl.SSLError` is one.
    """
    original = getattr(error, "original_exception", None)
    if isinstance(original, ssl.SSLError):
        return pymysql.err.OperationalError(CR.CR_SSL_CONNECTION_ERROR, f"TLS: {original}")
    return None
