"""Makes one connection: driver, address, TLS, socket options, timeouts, session settings.

It says nothing about how long a connection lives: that is a strategy's business.
"""

import ssl
from importlib import import_module
from types import ModuleType
from typing import Protocol
from weakref import WeakSet

from app.db.clock import Deadline
from app.db.connection import DriverConnection
from app.db.tls import TlsSocket
from app.settings import BadSettings, Settings


class Driver(Protocol):
    """What a module in `app/db/drivers` provides."""

    dbapi: ModuleType

    def open(self, deadline: Deadline, *, dial_seconds: float) -> DriverConnection: ...


# A SYN is answered by the kernel, also where the server's process stands still:
# who is silent for that long, over two of them, is away.
DIAL_SECONDS = 3.0

DRIVERS = {
    "pymysql": ("app.db.drivers.pymysql", "PyMySQLDriver"),
    "mysqlclient": ("app.db.drivers.mysqlclient", "MySQLClientDriver"),
}


class Connector:
    """Call it for a new connection; `dbapi` is the driver's module (PEP 249)."""

    def __init__(self, settings: Settings) -> None:
        self._driver = _load_driver(settings)
        self._within_seconds = settings.db_connect_timeout_seconds
        self.dbapi = self._driver.dbapi
        self.opened = 0
        self._connections: WeakSet[DriverConnection] = WeakSet()

    def __call__(
        self, deadline: Deadline | None = None, *, dial_seconds: float = DIAL_SECONDS
    ) -> DriverConnection:
        """Open a connection; raises the driver's `OperationalError`.

        All of it, the name, TCP, TLS and the login, is over at the deadline:
        DB_CONNECT_TIMEOUT_SECONDS from now, unless another is given. Of that,
        TCP gets at most `dial_seconds` for each address.
        """
        deadline = deadline or Deadline(self._within_seconds)
        connection = self._driver.open(deadline, dial_seconds=dial_seconds)
        self.opened += 1
        self._connections.add(connection)
        return connection

    def count_open(self) -> int:
        """Count the connections that somebody still holds, dead ones included."""
        return len(self._connections)

    def drop_inherited(self) -> int:
        """Let go, in a forked child, of all that the parent has open, and count it.

        No COM_QUIT: that would end the parent's sessions.
        """
        inherited, self._connections = list(self._connections), WeakSet()
        for connection in inherited:
            connection.flow.drop()
        self.opened = 0
        return len(inherited)


def _load_driver(settings: Settings) -> Driver:
    module, name = DRIVERS[settings.db_driver]
    try:
        driver = getattr(import_module(module), name)
    except ImportError as error:
        raise BadSettings(
            f"DB_DRIVER={settings.db_driver!r}: it is not installed ({error}); "
            ".venv/bin/pip install -r requirements/mysqlclient.txt, or use pymysql"
        ) from None
    loaded: Driver = driver(settings, _tls_context(settings))
    return loaded


def _tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Build the one context of the process: that costs more than connecting does."""
    if settings.db_ssl_mode == "DISABLED":
        return None
    try:
        context = ssl.create_default_context(cafile=settings.db_ssl_ca)
    except OSError as error:
        raise BadSettings(
            f"DB_SSL_CA={settings.db_ssl_ca!r}: use a readable file of PEM certificates ({error})"
        ) from None
    context.sslsocket_class = TlsSocket
    # The certificates that MySQL makes for itself lack what strict checking wants.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = settings.db_ssl_mode == "VERIFY_IDENTITY"
    if settings.db_ssl_mode == "REQUIRED":
        context.verify_mode = ssl.CERT_NONE
    return context
