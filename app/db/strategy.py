"""The interface of this package: where connections come from.

A strategy decides how long a connection lives and which thread gets it next. `Database`, its only
caller, handles transactions, retries and errors; the connector sockets and TLS.

A strategy is constructed as `Class(connect, config)` and opens nothing before the first checkout.
`connect()` opens a connection; `connect.dbapi` is the driver's module. Many threads call it at
once. After a fork a new instance is constructed in the child, so a strategy need not handle forks.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any, Generic, Protocol, TypeVar

from .config import ConfigError, DatabaseConfig
from .connection import Connection
from .connector import Connector
from .pool_snapshot import PoolSnapshot
from .strategies import STRATEGIES

C = TypeVar("C", bound=Connection)


class Purpose(Enum):
    """What a checked-out connection is for."""

    READ = "its first statement is a query in autocommit mode"
    BEGIN = "its first statement is BEGIN, which tells as much as a ping"
    RETRY = "it repeats what was lost on another connection"
    PROBE = "its only statement is a health check's query"


@dataclass(frozen=True, slots=True)
class Checkout(Generic[C]):
    """A connection in use, and what the strategy knows about it.

    `first_response_seconds` bounds the first response of a connection that was
    not verified: None is the usual read timeout.
    """

    connection: C
    first_response_seconds: float | None = None


class ConnectionStrategy(ABC, Generic[C]):
    """Base class of strategies: four methods to implement, the others have defaults.

    `C` is the type of its connections. A class with the four methods alone need
    not inherit from it.
    """

    @abstractmethod
    def acquire(self) -> C:
        """Return a connection that no other caller has.

        Raises `TimeoutError` when none became free in time, and the driver's
        error when none can be opened.
        """

    @abstractmethod
    def release(self, connection: C) -> None:
        """Take back a connection that works and is outside any transaction."""

    @abstractmethod
    def discard(self, connection: C) -> None:
        """Take back a connection that must not be used again.

        It may be dead or in the middle of anything: `connection.abort()` closes
        it without a word to the server.
        """

    @abstractmethod
    def close(self) -> None:
        """Close idle connections now; those in use come back through `discard`."""

    def checkout(self, purpose: Purpose) -> Checkout[C]:  # noqa: ARG002
        """Return a connection for a purpose; raises what `acquire` raises."""
        return Checkout(self.acquire())

    def invalidate(
        self,
        checkout: Checkout[C],
        error: BaseException | None,  # noqa: ARG002
        *,
        in_transaction: bool,  # noqa: ARG002
    ) -> bool:
        """Discard a connection that failed, knowing the error and if a transaction was open.

        Return whether the server was still executing the statement, which was then ended.
        """
        self.discard(checkout.connection)
        return False

    def end_request(self) -> None:
        """Handle the end of a request, in the thread that served it."""

    def statistics(self) -> dict[str, int]:
        """Return counters and current sizes."""
        return {}

    def snapshot(self) -> PoolSnapshot | None:
        """Return the connections at this moment; None if the strategy does not know them."""
        return None

    def access_error(self) -> Exception | None:
        """Return the driver's error while the server rejects the credentials or the database."""
        return None


METHODS = ("acquire", "release", "discard", "close")
HOOKS = ("checkout", "invalidate", "end_request", "statistics", "snapshot", "access_error")


class FourMethodStrategy(ConnectionStrategy[Connection]):
    """Adapts an object with the four methods that does not inherit from the base class."""

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy

    def acquire(self) -> Connection:
        connection: Connection = self._strategy.acquire()
        return connection

    def release(self, connection: Connection) -> None:
        self._strategy.release(connection)

    def discard(self, connection: Connection) -> None:
        self._strategy.discard(connection)

    def close(self) -> None:
        self._strategy.close()


class StrategyFactory(Protocol):
    """A strategy's class, called as `Class(connect, config)`."""

    def __call__(
        self, connect: Connector, config: DatabaseConfig, /
    ) -> ConnectionStrategy[Any]: ...


def load_strategy(name: str) -> StrategyFactory:
    """Import the class that a configuration names.

    Raises `ConfigError` if it cannot be imported or lacks one of the four methods.
    """
    module_name, _, class_name = STRATEGIES.get(name, name).partition(":")
    try:
        found: Any = getattr(import_module(module_name), class_name)
    except AttributeError:
        raise _rejected(name, f"module {module_name} has no {class_name}") from None
    except Exception as error:  # whatever importing a user's module raises
        reason = f"cannot import {module_name} ({type(error).__name__}: {error})"
        raise _rejected(name, reason) from error
    missing = [method for method in METHODS if not callable(getattr(found, method, None))]
    if missing:
        raise _rejected(name, f"{class_name} lacks {', '.join(missing)}")
    if not _inherits(found) and (hooks := [hook for hook in HOOKS if hasattr(found, hook)]):
        reason = f"{class_name} has {', '.join(hooks)} and must inherit from ConnectionStrategy"
        raise _rejected(name, reason)
    factory: StrategyFactory = found
    return factory


def construct(
    factory: StrategyFactory, connect: Connector, config: DatabaseConfig
) -> ConnectionStrategy[Any]:
    """Construct a strategy; raises `ConfigError` if the class does not accept the arguments."""
    try:
        strategy = factory(connect, config)
    except Exception as error:
        reason = f"cannot be constructed ({type(error).__name__}: {error})"
        raise _rejected(config.strategy, reason) from error
    return strategy if isinstance(strategy, ConnectionStrategy) else FourMethodStrategy(strategy)


def _inherits(factory: Any) -> bool:
    return isinstance(factory, type) and issubclass(factory, ConnectionStrategy)


def _rejected(name: str, reason: str) -> ConfigError:
    return ConfigError(
        "strategy",
        name,
        f"{reason}; use one of {', '.join(STRATEGIES)}, or "
        f"package.module:Class with {', '.join(METHODS)}",
    )
