"""mysqlclient: the C client library; its socket is known once it is connected."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import MySQLdb
from MySQLdb.connections import Connection
from MySQLdb.constants import CLIENT, CR

from ..clock import Deadline
from ..config import DatabaseConfig
from ..connection import TransportMixin
from ..errors import code_of
from ..timeouts import run_with_deadline
from ..tls_context import TLSContext, is_refusal
from ..transport import set_socket_options
from .session import session_statement

# With REQUIRED, MariaDB's C library falls back to an unencrypted connection.
NO_TLS = "TLS: SSL is required, but the server does not support it"


class MySQLClientConnection(TransportMixin, Connection):  # type: ignore[misc]
    """A mysqlclient connection that knows its socket."""

    def ping(self, reconnect: bool = False) -> None:
        """Ping the server; raises `OperationalError`. It never reconnects.

        DBUtils passes an argument that mysqlclient deprecates.
        """
        del reconnect
        super().ping()

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
