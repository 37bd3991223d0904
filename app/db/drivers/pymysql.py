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
from ..tls_context import TLSContext, is_refusal
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
    _is_response_pending = False
    _sock: socket.socket

    def __init__(self, *, session: str, **arguments: Any) -> None:
        super().__init__(defer_connect=True, **arguments)
        self._session = session

    def trust_channel(self, *, is_unix_socket: bool) -> None:
        """Allow the password to be sent as it is, as `caching_sha2_password` does over a socket.

        PyMySQL allows it only on a Unix socket that it has opened itself; the server does not
        accept it encrypted there (1045).
        """
        self._secure = is_unix_socket

    def set_character_set(self, charset: str, collation: str | None = None) -> None:  # noqa: ARG002
        """Send all session settings; PyMySQL sends SET NAMES alone."""
        self.query(self._session)

    def left_open(self) -> str:
        """Return what is left open, "" if nothing, by the status flags of the last response."""
        if self.has_unread_response():
            return "a result that was not read to its end"
        if self.server_status & SERVER_STATUS_IN_TRANS:
            return "an open transaction"
        return "" if self.server_status & SERVER_STATUS_AUTOCOMMIT else "autocommit mode turned off"

    def abort(self) -> None:
        """Reset the connection; the rest of an unbuffered result is dropped."""
        if self._result is not None:
            self._result.unbuffered_active = False  # otherwise its finalizer reads from the socket
        super().abort()

    def reset_session(self) -> None:
        """Undo all session state but the default database and the role; two round trips."""
        self._execute_command(COM_RESET_CONNECTION, b"")  # type: ignore[attr-defined]
        self._read_ok_packet()
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

    def has_unread_response(self) -> bool:
        """Return whether a request was sent whose response was not read completely."""
        result = self._result
        is_result_unread = result is not None and (result.unbuffered_active or result.has_next)
        return self._is_response_pending or is_result_unread or not self.open

    def _read_ok_packet(self) -> Any:
        packet = super()._read_ok_packet()  # type: ignore[misc]
        self._is_response_pending = False
        return packet

    def _read_query_result(self, unbuffered: bool = False) -> int | None:
        self._is_response_pending = True  # also the next one of several results
        try:
            affected_rows = self._read_result(unbuffered)
        except pymysql.err.MySQLError:  # the server's error packet ends the response
            self._is_response_pending = False
            raise
        self._is_response_pending = False
        return affected_rows

    def _read_result(self, unbuffered: bool) -> int | None:
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
        self._is_response_pending = True
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

    def __init__(self, config: DatabaseConfig, tls: TLSContext | None) -> None:
        self._config = config
        self._tls = tls
        self._arguments = _arguments(config)

    def open(self, deadline: Deadline, *, address_timeout_seconds: float) -> PyMySQLConnection:
        """Connect before the deadline; raises `OperationalError`.

        A rejected certificate is verified once more if the certificate authorities could be read
        again. Exceptions of other types are possible if what answers is not a MySQL server.
        """
        try:
            return self._open(deadline, address_timeout_seconds)
        except pymysql.err.OperationalError as error:
            is_rejection = isinstance(error.__cause__, ssl.SSLCertVerificationError)
            if not (is_rejection and self._tls and self._tls.reload_after_rejection()):
                raise
        return self._open(deadline, address_timeout_seconds)

    def _open(self, deadline: Deadline, address_timeout_seconds: float) -> PyMySQLConnection:
        context = self._tls and self._tls.current()
        connection = PyMySQLConnection(ssl=context, **self._arguments)
        sock = self._open_socket(deadline, address_timeout_seconds)
        try:
            set_socket_options(
                sock.fileno(),
                keepalive_seconds=self._config.keepalive_seconds,
                user_timeout_seconds=self._config.tcp_user_timeout_seconds,
            )
            connection.attach_transport(sock.fileno())
            connection.trust_channel(is_unix_socket=sock.family == socket.AF_UNIX)
            with connection.response_deadline(deadline.remaining()):
                connection.connect(sock)
        except BaseException as error:
            sock.close()
            if refusal := self._refusal(error):
                raise refusal from getattr(error, "original_exception", error)
            raise
        connection.read_ahead()
        return connection

    def _open_socket(self, deadline: Deadline, address_timeout_seconds: float) -> socket.socket:
        url = self._config.url
        try:
            return open_socket(url, deadline, address_timeout_seconds=address_timeout_seconds)
        except OSError as error:
            raise pymysql.err.OperationalError(
                CR.CR_CONN_HOST_ERROR, f"can't connect to {url.address} ({error})"
            ) from error

    def _refusal(self, error: BaseException) -> pymysql.err.OperationalError | None:
        """Return the error for a failure that a retry does not change, None for all others.

        PyMySQL raises 2003, server unreachable, for every `OSError`, and `ssl.SSLError` is one; an
        authentication plugin that needs a package which is not installed is a `RuntimeError`.
        """
        original = getattr(error, "original_exception", None)
        code = CR.CR_SSL_CONNECTION_ERROR
        if isinstance(original, ssl.SSLCertVerificationError) and self._tls:
            trust = self._tls.describe_trust()
            text = f"the server's certificate was rejected: {original.verify_message}; {trust}"
        elif isinstance(original, ssl.SSLError) and is_refusal(_reason(original)):
            text = f"TLS: {original}"
        elif isinstance(error, RuntimeError) and "package is required" in str(error):
            code, text = CR.CR_AUTH_PLUGIN_CANNOT_LOAD, f"no authentication plugin: {error}"
        else:
            return None
        return pymysql.err.OperationalError(code, text)


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "").replace("_", " ")


def _arguments(config: DatabaseConfig) -> dict[str, Any]:
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
        "ssl_disabled": config.ssl_mode == "DISABLED",
        "read_timeout": config.read_timeout_seconds,
        "write_timeout": config.write_timeout_seconds,
    }
