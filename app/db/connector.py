"""Opens one connection: driver, address, TLS, socket options, timeouts, session settings.

How long a connection lives is up to the strategy.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Protocol
from weakref import WeakSet

from .clock import Deadline
from .config import ConfigError, DatabaseConfig
from .connection import DriverConnection
from .errors import ConnectionLost, DatabaseUnavailable, ServerNotReady, translate
from .tls_context import TLSContext


class DriverModule(Protocol):
    """What a module in `drivers/` provides."""

    dbapi: ModuleType

    def open(self, deadline: Deadline, *, address_timeout_seconds: float) -> DriverConnection: ...


# The kernel answers a SYN even while the server process is stopped: an address
# that does not answer for so long, over two retransmissions, is unreachable.
ADDRESS_TIMEOUT_SECONDS = 3.0

# CR_CONN_HOST_ERROR in MySQL's "Client Error Message Reference".
CANNOT_CONNECT = 2003

DRIVERS = {
    "pymysql": (f"{__package__}.drivers.pymysql", "PyMySQLDriver"),
    "mysqlclient": (f"{__package__}.drivers.mysqlclient", "MySQLClientDriver"),
}


class Connector:
    """Call it for a new connection; `dbapi` is the driver's module (PEP 249)."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._driver = _load_driver(config)
        self._address = config.url.address
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
        with self.connecting():
            connection = self._driver.open(
                deadline, address_timeout_seconds=address_timeout_seconds
            )
        self.opened += 1
        self._connections.add(connection)
        return connection

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Raise each failure in the block as an `OperationalError` that means "unavailable".

        What answers at the port may not be a MySQL server: the drivers then fail with
        `struct.error`, `IndexError` and others. A lost connection is reported like that too: no
        statement was sent. `BaseException`s, gevent's timeouts among them, pass through.
        """
        try:
            yield
        except Exception as error:
            kind = translate(error) if isinstance(error, self.dbapi.Error) else None
            is_lost = isinstance(kind, ConnectionLost) and not isinstance(kind, ServerNotReady)
            if isinstance(kind, DatabaseUnavailable) and not is_lost:
                raise
            name = type(error).__qualname__
            if isinstance(error, struct.error):  # its class is called "error"
                name = "struct.error"
            text = f"can't connect to {self._address} ({name}: {error})"
            raise self.dbapi.OperationalError(CANNOT_CONNECT, text) from error

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
    tls = None if config.ssl_mode == "DISABLED" else TLSContext(config)
    loaded: DriverModule = driver(config, tls)
    return loaded
