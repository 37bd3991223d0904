"""Makes one connection: driver, address, TLS, socket options, timeouts, session settings.

It says nothing about how long a connection lives: that is a strategy's business.
"""

import ssl
from importlib import import_module
from types import ModuleType
from typing import Protocol
from weakref import WeakSet

from app.db.connection import DriverConnection
from app.settings import BadSettings, Settings


class Driver(Protocol):
    """What a module in `app/db/drivers` provides."""

    dbapi: ModuleType

    def open(self) -> DriverConnection: ...


DRIVERS = {
    "pymysql": ("app.db.drivers.pymysql", "PyMySQLDriver"),
    "mysqlclient": ("app.db.drivers.mysqlclient", "MySQLClientDriver"),
}


class Connector:
    """Call it for a new connection; `dbapi` is the driver's module (PEP 249)."""

    def __init__(self, settings: Settings) -> None:
        self._driver = _load_driver(settings)
        self.dbapi = self._driver.dbapi
        self.opened = 0
        self._connections: WeakSet[DriverConnection] = WeakSet()

    def __call__(self) -> DriverConnection:
        """Open a connection; raises the driver's `OperationalError`."""
        connection = self._driver.open()
        self.opened += 1
        self._connections.add(connection)
        return connection

    def count_open(self) -> int:
        """Count the connections that somebody still holds, dead ones included."""
        return len(self._connections)

    def drop_inherited(self) -> None:
        """Let go, in a forked child, of all that the parent has open.

        No COM_QUIT: that would end the parent's sessions.
        """
        inherited, self._connections = list(self._connections), WeakSet()
        for connection in inherited:
            connection.flow.drop()
        self.opened = 0


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
    # The certificates that MySQL makes for itself lack what strict checking wants.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = settings.db_ssl_mode == "VERIFY_IDENTITY"
    if settings.db_ssl_mode == "REQUIRED":
        context.verify_mode = ssl.CERT_NONE
    return context
