"""mysqlclient: the C client library; its socket is known once it is connected."""

import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any, TypeVar

import MySQLdb
from MySQLdb.connections import Connection
from MySQLdb.constants import CLIENT, CR

from ..clock import Deadline, now
from ..config import DatabaseConfig
from ..connection import TransportMixin
from ..errors import code_of
from ..timeouts import run_with_deadline
from ..tls_context import TLSContext, is_refusal
from ..transport import set_socket_options
from .session import session_statement

T = TypeVar("T")

LOST = {CR.SERVER_GONE_ERROR, CR.SERVER_LOST, CR.SSL_CONNECTION_ERROR}
# "TLS/SSL error: Connection reset by peer (104)", but for a FIN "unexpected eof while reading".
_ERRNO = re.compile(r"\((\d+)\)$")
_FIN = "unexpected eof"
# With REQUIRED, MariaDB's C library falls back to an unencrypted connection.
NO_TLS = "TLS: SSL is required, but the server does not support it"


class MySQLClientConnection(TransportMixin, Connection):  # type: ignore[misc]
    """A mysqlclient connection that knows its socket.

    A lost connection is reported like PyMySQL does: 2006 or 2013, with the `OSError` as cause. The
    C library does not report that error, and under TLS it raises 2026 for all of them.
    """

    read_timeout_seconds = math.inf
    _is_response_pending = False

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._account = tuple(arguments[name] for name in ("user", "password", "database"))
        self._session = arguments["init_command"]

    def has_unread_response(self) -> bool:
        """Return whether a request was sent whose response was not read completely.

        Also true after an unbuffered result, until the next statement.
        """
        return self._is_response_pending

    def query(self, query: bytes | bytearray) -> None:
        """Send a statement and read the response up to its rows; raises `MySQLdb.Error`."""
        self._is_response_pending = True
        try:
            self._call(super().query, query)
        except MySQLdb.Error:  # the server's error packet ends the response
            self._is_response_pending = False
            raise
        self._is_response_pending = self.field_count() > 0

    def store_result(self) -> Any:
        """Read the rows; raises `MySQLdb.Error`."""
        try:
            result = self._call(super().store_result)
        except MySQLdb.Error:  # the server's error packet ends the response
            self._is_response_pending = False
            raise
        self._is_response_pending = False
        return result

    def commit(self) -> None:
        """Send COMMIT; raises `OperationalError`."""
        self._call(super().commit)
        self._is_response_pending = False

    def rollback(self) -> None:
        """Send ROLLBACK; raises `OperationalError`."""
        self._call(super().rollback)
        self._is_response_pending = False

    def left_open(self) -> str:
        """Return what is left open, "" if nothing, by the status flags of the last response.

        An unbuffered result counts even if it was read to its end. mysqlclient shows the flag of
        autocommit mode, but not that of a transaction.
        """
        if self.has_unread_response():
            return "a result that was not read to its end"
        return "" if self.get_autocommit() else "autocommit mode turned off"

    def reset_session(self) -> None:
        """Undo all session state but the role; two round trips.

        By COM_CHANGE_USER to the same user: mysqlclient lacks COM_RESET_CONNECTION.
        """
        self.change_user(*self._account)
        self.query(self._session)
        self.store_result()

    def ping(self, reconnect: bool = False) -> None:
        """Ping the server; raises `OperationalError`. It never reconnects.

        DBUtils passes an argument that mysqlclient deprecates.
        """
        del reconnect
        self._call(super().ping)

    def _call(self, method: Callable[..., T], *arguments: Any) -> T:
        started_at = now()
        try:
            return method(*arguments)
        except MySQLdb.OperationalError as error:
            code = code_of(error)
            if code not in LOST:
                raise
            message = _text_of(error)
            is_timeout = now() - started_at >= self.read_timeout_seconds
            cause = TimeoutError("timed out") if is_timeout else _cause(message)
            code = CR.SERVER_LOST if code == CR.SSL_CONNECTION_ERROR else code
            raise MySQLdb.OperationalError(code, message) from cause

    @contextmanager
    def response_deadline(self, seconds: float) -> Iterator[None]:
        """Limit the time of the whole block; raises 2013 when it is over.

        The C library accepts timeouts at connect and not later, so its socket is
        shut down.
        """
        timer = Timer(seconds, self.transport.shut_down)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # it may be past its check of the cancellation


class MySQLClientDriver:
    """Opens mysqlclient connections; the C library reads the certificate authorities each time."""

    dbapi = MySQLdb

    def __init__(self, config: DatabaseConfig, tls: TLSContext | None) -> None:
        self._config = config
        self._tls = tls
        self._arguments = _arguments(config)

    def open(self, deadline: Deadline, *, address_timeout_seconds: float) -> MySQLClientConnection:  # noqa: ARG002
        """Connect before the deadline; raises `OperationalError`.

        The C library resolves the name and tries its addresses itself, each with
        a timeout in whole seconds.
        """
        config = self._config
        seconds = math.ceil(deadline.remaining())
        try:
            connection = run_with_deadline(
                deadline,
                lambda: MySQLClientConnection(connect_timeout=seconds, **self._arguments),
            )
        except TimeoutError as error:
            raise MySQLdb.OperationalError(
                CR.CONN_HOST_ERROR, f"can't connect to {config.url.address} ({error})"
            ) from error
        except MySQLdb.OperationalError as error:
            raise self._translated(error) from error
        if self._tls and not connection.server_capabilities & CLIENT.SSL:
            raise MySQLdb.OperationalError(CR.SSL_CONNECTION_ERROR, NO_TLS)
        set_socket_options(
            connection.fileno(),
            keepalive_seconds=config.keepalive_seconds,
            user_timeout_seconds=config.tcp_user_timeout_seconds,
        )
        connection.attach_transport(connection.fileno())
        connection.read_timeout_seconds = self._arguments["read_timeout"]
        return connection

    def _translated(self, error: MySQLdb.OperationalError) -> MySQLdb.OperationalError:
        """Return the error with the code that its text requires.

        The C library raises 2026 for each failure under TLS, and 2013 for a missing plugin.
        """
        code, text = code_of(error), _text_of(error)
        if code == CR.SERVER_LOST and "could not be loaded" in text:
            code = CR.AUTH_PLUGIN_CANNOT_LOAD
        elif code == CR.SSL_CONNECTION_ERROR and not is_refusal(text):
            code = CR.CONN_HOST_ERROR
        elif code == CR.SSL_CONNECTION_ERROR and self._tls and "certificate" in text:
            text = f"{text}; {self._tls.describe_trust()}"
        return MySQLdb.OperationalError(code, text)


def _text_of(error: MySQLdb.OperationalError) -> str:
    """Return the text of an error.

    If the server's text is not UTF-8, mysqlclient leaves a null pointer in `args`: to read it is a
    segmentation fault, to format the whole tuple is not.
    """
    formatted = str(error)
    return formatted if "<NULL>" in formatted else str(error.args[-1])


def _cause(message: str) -> OSError | None:
    """Return the kernel's error, or None for a FIN; without TLS the cause is not known."""
    if found := _ERRNO.search(message):
        number = int(found[1])
        return OSError(number, os.strerror(number))
    return None if _FIN in message else ConnectionError("unknown cause")


def _arguments(config: DatabaseConfig) -> dict[str, Any]:
    url = config.url
    arguments: dict[str, Any] = {
        "user": url.user,
        "password": url.password,
        # For "localhost" in lower case the C library uses a Unix socket, whatever the port is.
        "host": "LOCALHOST" if url.host == "localhost" else url.host,
        "port": url.port,
        "database": url.name,
        "charset": "utf8mb4",
        "init_command": session_statement(config),
        "autocommit": True,
        "client_flag": CLIENT.FOUND_ROWS,
        "multi_statements": False,
        "ssl_mode": config.ssl_mode,
        # The C library accepts whole seconds only.
        "read_timeout": math.ceil(config.read_timeout_seconds),
        "write_timeout": math.ceil(config.write_timeout_seconds),
    }
    if url.unix_socket is not None:
        arguments |= {"unix_socket": url.unix_socket, "host": "localhost"}
    if config.ssl_ca:
        arguments["ssl"] = {"ca": config.ssl_ca}
    return arguments
