"""mysqlclient: the C client library; its socket is known once it is connected."""

import math
import ssl
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
from ..timeouts import run_with_deadline
from ..transport import set_socket_options
from .session import session_statement


class MySQLClientConnection(TransportMixin, Connection):  # type: ignore[misc]
    """A mysqlclient connection that knows its socket."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._account = tuple(arguments[name] for name in ("user", "password", "database"))
        self._session = arguments["init_command"]

    def left_open(self) -> str:
        """Return what the status flags of the last response say is left open, "" if nothing.

        mysqlclient shows the flag of autocommit mode, but not that of a transaction.
        """
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
    """Opens mysqlclient connections; the C library builds its own TLS context."""

    dbapi = MySQLdb

    def __init__(self, config: DatabaseConfig, tls: ssl.SSLContext | None) -> None:  # noqa: ARG002
        self._config = config
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
                CR.CONN_HOST_ERROR, f"can't connect to {config.url} ({error})"
            ) from error
        set_socket_options(
            connection.fileno(),
            keepalive_seconds=config.keepalive_seconds,
            user_timeout_seconds=config.tcp_user_timeout_seconds,
        )
        connection.attach_transport(connection.fileno())
        return connection


def _arguments(config: DatabaseConfig) -> dict[str, Any]:
    url = config.url
    arguments: dict[str, Any] = {
        "user": url.user,
        "password": url.password,
        "host": url.host,
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
    if config.ssl_ca is not None:
        arguments["ssl"] = {"ca": config.ssl_ca}
    return arguments
