"""Opens one connection: driver, address, TLS, socket options, timeouts, session settings.

How long a connection lives is up to the strategy.
"""

import ssl
from importlib import import_module
from types import ModuleType
from typing import Protocol
from weakref import WeakSet

from .clock import Deadline
from .config import ConfigError, DatabaseConfig
from .connection import DriverConnection
from .tls import TLSSocket


class DriverModule(Protocol):
    """What a module in `drivers/` provides."""

    dbapi: ModuleType

    def open(self, deadline: Deadline, *, address_timeout_seconds: float) -> DriverConnection: ...


# The kernel answers a SYN even while the server process is stopped: an address
# that does not answer for so long, over two retransmissions, is unreachable.
ADDRESS_TIMEOUT_SECONDS = 3.0

DRIVERS = {
    "pymysql": (f"{__package__}.drivers.pymysql", "PyMySQLDriver"),
    "mysqlclient": (f"{__package__}.drivers.mysqlclient", "MySQLClientDriver"),
}


class Connector:
    """Call it for a new connection; `dbapi` is the driver's module (PEP 249)."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._driver = _load_driver(config)
        self._timeout_seconds = config.connect_timeout_seconds
        self.dbapi = self._driver.dbapi
        self.opened = 0
        self._connections: WeakSet[DriverConnection] = WeakSet()

    def __call__(
        self,
        deadline: Deadline | None = None,
        *,
        address_timeout_seconds: float = ADDRESS_TIMEOUT_SECONDS,
    ) -> DriverConnection:
        """Open a connection; raises the driver's `OperationalError`.

        Name resolution, TCP, TLS and login finish before the deadline, by default
        `connect_timeout_seconds` from now. TCP gets at most
        `address_timeout_seconds` for each address.
        """
        deadline = deadline or Deadline(self._timeout_seconds)
        connection = self._driver.open(deadline, address_timeout_seconds=address_timeout_seconds)
        self.opened += 1
        self._connections.add(connection)
        return connection

    def count_open(self) -> int:
        """Return how many connections are referenced by anything, dead ones included."""
        return len(self._connections)

    def detach_inherited(self) -> int:
        """In a forked child, release the parent's connections; returns their number.

        Without COM_QUIT, which would end the parent's sessions.
        """
        inherited, self._connections = list(self._connections), WeakSet()
        for connection in inherited:
            connection.transport.detach()
        self.opened = 0
        return len(inherited)


def _load_driver(config: DatabaseConfig) -> DriverModule:
    module, name = DRIVERS[config.driver]
    try:
        driver = getattr(import_module(module), name)
    except ImportError as error:
        raise ConfigError(
            "driver", config.driver, f"it is not installed ({error}); install it, or use pymysql"
        ) from None
    loaded: DriverModule = driver(config, _tls_context(config))
    return loaded


def _tls_context(config: DatabaseConfig) -> ssl.SSLContext | None:
    """Build the process's only context: building one costs more than a TLS handshake."""
    if config.ssl_mode == "DISABLED":
        return None
    try:
        context = ssl.create_default_context(cafile=config.ssl_ca)
    except OSError as error:
        raise ConfigError(
            "ssl_ca", config.ssl_ca, f"use a readable file of PEM certificates ({error})"
        ) from None
    context.sslsocket_class = TLSSocket
    # The certificates that MySQL generates for itself do not pass the strict checks.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = config.ssl_mode == "VERIFY_IDENTITY"
    if config.ssl_mode == "REQUIRED":
        context.verify_mode = ssl.CERT_NONE
    return context
