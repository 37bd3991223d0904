"""mysqlclient: the C client library, whose socket we adopt once it is connected."""

import math
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import MySQLdb
from MySQLdb.connections import Connection
from MySQLdb.constants import CLIENT, CR

from app.db.clock import Deadline
from app.db.connection import OwnsFlow
from app.db.drivers.session import session_statement
from app.db.flow import set_options
from app.db.within import run_within
from app.settings import Settings


class MySQLClientConnection(OwnsFlow, Connection):  # type: ignore[misc]
    """A mysqlclient connection that knows its socket."""

    def ping(self, reconnect: bool = False) -> None:
        """Ask the server; raises `OperationalError`. It never reconnects.

        DBUtils passes an argument that the original deprecates.
        """
        del reconnect
        super().ping()

    @contextmanager
    def answer_within(self, seconds: float) -> Iterator[None]:
        """Bound everything inside the block; then 2013 is raised.

        The C library takes its timeouts at connect and not later, so the flow
        is cut under it.
        """
        timer = Timer(seconds, self.flow.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class MySQLClientDriver:
    """Opens mysqlclient connections. The library builds its own TLS context."""

    dbapi = MySQLdb

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None) -> None:  # noqa: ARG002
        self._settings = settings
        self._arguments = _arguments(settings)

    def open(self, deadline: Deadline, *, dial_seconds: float) -> MySQLClientConnection:  # noqa: ARG002
        """Connect before the deadline; raises `OperationalError`.

        The C library looks the name up and tries its addresses itself, and
        counts whole seconds for each step.
        """
        settings = self._settings
        seconds = math.ceil(deadline.remaining())
        try:
            connection = run_within(
                deadline,
                lambda: MySQLClientConnection(connect_timeout=seconds, **self._arguments),
            )
        except TimeoutError as error:
            raise MySQLdb.OperationalError(
                CR.CONN_HOST_ERROR, f"can't connect to {settings.database_url} ({error})"
            ) from error
        set_options(
            connection.fileno(),
            keepalive_seconds=settings.db_keepalive_seconds,
            user_timeout_seconds=settings.db_tcp_user_timeout_seconds,
        )
        connection.adopt(connection.fileno())
        return connection


def _arguments(settings: Settings) -> dict[str, Any]:
    url = settings.database_url
    arguments: dict[str, Any] = {
        "user": url.user,
        "password": url.password,
        "host": url.host,
        "port": url.port,
        "database": url.name,
        "charset": "utf8mb4",
        "init_command": session_statement(settings),
        "autocommit": True,
        "client_flag": CLIENT.FOUND_ROWS,
        "multi_statements": False,
        "ssl_mode": settings.db_ssl_mode,
        # The library counts in whole seconds.
        "read_timeout": math.ceil(settings.db_read_timeout_seconds),
        "write_timeout": math.ceil(settings.db_write_timeout_seconds),
    }
    if url.unix_socket is not None:
        arguments |= {"unix_socket": url.unix_socket, "host": "localhost"}
    if settings.db_ssl_ca is not None:
        arguments["ssl"] = {"ca": settings.db_ssl_ca}
    return arguments
