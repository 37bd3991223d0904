"""The one seam of this package: where connections come from.

A strategy decides how long a connection lives and who may hold it next.
Transactions, replays and errors belong to `Database`, which is the only
caller; sockets and TLS to the connector; SQL to the query modules.

A strategy is constructed as `Class(connect, settings)` and opens nothing
before the first `acquire`. `connect()` opens a connection; `connect.dbapi` is
the driver's module. It is called by many threads at once. After a fork
`Database` builds a new one in the child, so a strategy need not notice.
"""

from importlib import import_module
from typing import Any, Protocol

from app.db.connection import Connection
from app.db.connector import Connector
from app.db.strategies import STRATEGIES
from app.settings import BadSettings, Settings


class ConnectionStrategy(Protocol):
    """Four verbs. Others are called where a class has them:

    `end_request()` when a request is over, in the thread that served it;
    `statistics()`, a dictionary of counters, for whoever asks;
    `refusal()`, the driver's error, while the server refuses new connections
    for ever, for instance for a wrong password;
    `acquire_to_begin()` and `acquire_to_replay()` in place of `acquire` for a
    connection whose first statement is BEGIN, and for one that takes over what
    was lost on another;
    `discard_lost(connection, failure, in_unit=...)` in place of `discard`,
    with what is known of the end.
    """

    def acquire(self) -> Connection:
        """Hand out a connection that nobody else holds.

        Raises `TimeoutError` when none became free in time, and whatever the
        driver raises when none can be opened.
        """

    def release(self, connection: Connection) -> None:
        """Take back a connection that works, outside any transaction."""

    def discard(self, connection: Connection) -> None:
        """Take back a connection that nobody may use again.

        It may be dead or in the middle of anything: `connection.abandon()`
        ends it without a word to the server.
        """

    def close(self) -> None:
        """Close what is idle. What is out comes back by `discard`."""


VERBS = ("acquire", "release", "discard", "close")


class StrategyFactory(Protocol):
    """A strategy's class, called as `Class(connect, settings)`."""

    def __call__(self, connect: Connector, settings: Settings, /) -> ConnectionStrategy: ...


def load_strategy(name: str) -> StrategyFactory:
    """Import the class that `DB_STRATEGY` names.

    Raises `BadSettings` if it cannot be imported or lacks one of the verbs.
    """
    module_name, _, class_name = STRATEGIES.get(name, name).partition(":")
    try:
        found: Any = getattr(import_module(module_name), class_name)
    except AttributeError:
        raise _refused(name, f"module {module_name} has no {class_name}") from None
    except Exception as error:  # whatever a module of the user's own raises
        reason = f"cannot import {module_name} ({type(error).__name__}: {error})"
        raise _refused(name, reason) from error
    missing = [verb for verb in VERBS if not callable(getattr(found, verb, None))]
    if missing:
        raise _refused(name, f"{class_name} is no strategy, it lacks {', '.join(missing)}")
    factory: StrategyFactory = found
    return factory


def construct(
    factory: StrategyFactory, connect: Connector, settings: Settings
) -> ConnectionStrategy:
    """Call the class; raises `BadSettings` if it does not take that."""
    try:
        return factory(connect, settings)
    except Exception as error:
        reason = f"cannot be constructed ({type(error).__name__}: {error})"
        raise _refused(settings.db_strategy, reason) from error


def _refused(name: str, reason: str) -> BadSettings:
    return BadSettings(
        f"DB_STRATEGY={name!r}: {reason}; use one of {', '.join(STRATEGIES)}, or "
        f"package.module:Class with {', '.join(VERBS)}"
    )
