"""`keep_alive(engine)`: an existing SQLAlchemy engine whose connections do not go away.

    engine = keep_alive(create_engine("mysql+pymysql://app:secret@127.0.0.1/students"))
    keep_alive(db.engine)  # Flask-SQLAlchemy, inside an application context

It adds to SQLAlchemy's own pool what the strategy `adaptive` has, without the round trip of
`pool_pre_ping`: keepalive and TCP_USER_TIMEOUT on each socket; at each checkout a liveness check,
which sends nothing; a ping, limited to one second, only for a connection that was idle for
`ping_after_idle_seconds`; replacement before the server's `wait_timeout`; after a fork, new
connections for the child; and a reset instead of COM_QUIT for a connection that failed, so that
data of a timed-out statement are never delivered later. It works with every pool class, with
PyMySQL and mysqlclient, and with TLS, where only the text of a server error packet is unreadable.

What it cannot do: SQLAlchemy does not repeat statements. A connection that ends during a
transaction fails that transaction. One that the network drops within `ping_after_idle_seconds` of
its last use fails its first statement, after `tcp_user_timeout_seconds`. A server that acknowledges
a statement and never responds is noticed by the driver's `read_timeout` alone, which is unlimited
unless `connect_args` sets it. Connections that were detached from the pool are the caller's.
"""

import os
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any
from weakref import WeakSet, ref

from sqlalchemy import Engine, event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from . import fork_safety
from .clock import now
from .config import DatabaseConfig
from .disconnect import CLIENT_CODES, DisconnectReason, from_failure, from_liveness
from .errors import code_of, is_fatal_to_connection
from .strategies.adaptive.pool_entry import max_idle_seconds
from .transport import Transport, set_socket_options
from .url import DatabaseUrl

DRIVERS = ("pymysql", "mysqldb")  # SQLAlchemy's names; mysqldb is mysqlclient
PING_TIMEOUT_SECONDS = 1.0

_NO_URL = DatabaseUrl(user="", password="", host="", port=0, name="")  # the engine has its own
_KEY = __name__  # in `ConnectionPoolEntry.info`, which is cleared with each new connection
_installed: WeakSet[Dialect] = WeakSet()  # `engine.execution_options()` shares pool and dialect


def keep_alive(
    engine: Engine,
    *,
    keepalive_seconds: int = 30,
    tcp_user_timeout_seconds: float = 2,
    ping_after_idle_seconds: float = 10,
    proxy_idle_limit_seconds: float | None = None,
) -> Engine:
    """Install the pool events on an engine and return it; a second call changes nothing.

    The options are those of `DatabaseConfig`. Connections already open are
    replaced at their next checkout. Raises `TypeError` unless this is an engine
    for MySQL or MariaDB with PyMySQL or mysqlclient, `ConfigError` for an option
    outside its limits.
    """
    if not isinstance(engine, Engine):
        raise TypeError(
            f"keep_alive() expects an Engine, not {type(engine).__name__}; with Flask-SQLAlchemy "
            "call keep_alive(db.engine) inside an application context"
        )
    if engine.dialect.driver not in DRIVERS:
        raise TypeError(
            "keep_alive() supports mysql+pymysql and mysql+mysqldb, not "
            f"{engine.dialect.name}+{engine.dialect.driver}"
        )
    config = DatabaseConfig(
        url=_NO_URL,
        keepalive_seconds=keepalive_seconds,
        tcp_user_timeout_seconds=tcp_user_timeout_seconds,
        ping_after_idle_seconds=ping_after_idle_seconds,
        proxy_idle_limit_seconds=proxy_idle_limit_seconds,
    )
    if engine.dialect not in _installed:
        _installed.add(engine.dialect)
        _KeepAlive(engine, config)
    return engine


@dataclass(slots=True)
class _Idle:
    """The limits of one connection, and since when it is idle."""

    transport: Transport
    max_idle_seconds: float
    checked_in_at: float


class _KeepAlive:
    """The events of one engine; their registration keeps this object alive."""

    def __init__(self, engine: Engine, config: DatabaseConfig) -> None:
        self._engine = ref(engine)
        self._dialect = engine.dialect
        self._config = config
        self._transports: WeakSet[Transport] = WeakSet()
        self._pid = os.getpid()
        self._fork_lock = Lock()
        for name in ("connect", "checkout", "checkin", "invalidate", "close", "detach"):
            event.listen(engine, name, getattr(self, f"_{name}"))
        event.listen(engine, "handle_error", self._handle_error)
        fork_safety.register(self)

    def after_fork(self) -> None:
        """In a forked child, start with a new pool: a lock of the old one may be held for ever."""
        self._detach_inherited()
        if engine := self._engine():
            engine.dispose(close=False)

    def _detach_inherited(self) -> None:
        """Release the parent's connections without COM_QUIT; their liveness check fails then."""
        with self._fork_lock:
            if os.getpid() != self._pid:
                for transport in self._transports:
                    transport.detach()
                self._transports, self._pid = WeakSet(), os.getpid()

    def _connect(self, connection: Any, entry: ConnectionPoolEntry) -> None:
        self._detach_inherited()
        # PyMySQL has no public name for its socket.
        descriptor = (connection if hasattr(connection, "fileno") else connection._sock).fileno()
        set_socket_options(
            descriptor,
            keepalive_seconds=self._config.keepalive_seconds,
            user_timeout_seconds=self._config.tcp_user_timeout_seconds,
        )
        cursor = connection.cursor()
        cursor.execute("SELECT @@wait_timeout")
        limit_seconds = cursor.fetchone()[0]
        cursor.close()
        if self._config.proxy_idle_limit_seconds is not None:
            limit_seconds = min(limit_seconds, self._config.proxy_idle_limit_seconds)
        transport = Transport(descriptor)
        self._transports.add(transport)
        entry.info[_KEY] = _Idle(transport, max_idle_seconds(limit_seconds), now())

    def _checkout(self, connection: Any, entry: ConnectionPoolEntry, _: object) -> None:
        """Raise `DisconnectionError`, upon which SQLAlchemy connects again, or return."""
        if os.getpid() != self._pid:  # a fork Python was not told of, such as uWSGI's
            self._detach_inherited()
        idle: _Idle | None = entry.info.get(_KEY)
        if idle is None:
            raise DisconnectionError("opened before keep_alive()")
        idle_seconds = now() - idle.checked_in_at
        reason = None
        if result := idle.transport.check_liveness():
            reason = from_liveness(result)
        elif idle_seconds > idle.max_idle_seconds:
            del entry.info[_KEY]
            idle.transport.close_gracefully()
            raise DisconnectionError(f"idle for {idle_seconds:.0f} s")
        elif idle_seconds > self._config.ping_after_idle_seconds:
            reason = self._ping(connection, idle.transport)
        if reason is not None:
            is_alone = reason.invalidates == "connection"
            error = DisconnectionError if is_alone else InvalidatePoolError
            raise error(f"{reason.cause}, found by {reason.detected_by}: {reason.detail}")

    def _ping(self, connection: Any, transport: Transport) -> DisconnectReason | None:
        # The drivers accept timeouts at connect only; a shutdown of the socket works with both.
        timer = Timer(PING_TIMEOUT_SECONDS, transport.shut_down)
        timer.daemon = True
        timer.start()
        try:
            self._dialect.do_ping(connection)
        except self._dialect.loaded_dbapi.Error as error:
            return from_failure(error, "ping")
        finally:
            timer.cancel()
            timer.join()  # it may be past its check of the cancellation
        return None

    def _checkin(self, _: Any, entry: ConnectionPoolEntry) -> None:
        if idle := entry.info.get(_KEY):
            idle.checked_in_at = now()

    def _invalidate(self, _: Any, entry: ConnectionPoolEntry, __: object) -> None:
        if idle := entry.info.get(_KEY):
            idle.transport.detach()

    def _close(self, _: Any, entry: ConnectionPoolEntry) -> None:
        if idle := entry.info.get(_KEY):
            idle.transport.close_gracefully()

    _detach = _close

    def _handle_error(self, context: ExceptionContext) -> None:
        """Let the pool drop a connection after every error that is fatal to it.

        SQLAlchemy's list lacks 1053, 1153, 3169, a read-only server and others. For those on it,
        SQLAlchemy also replaces all other connections, which is right as long as the cause is
        unknown, as with mysqlclient and under TLS. An error packet of the server tells the cause.
        An error without a code is a mistake of the caller.
        """
        error = context.original_exception
        if isinstance(error, self._dialect.loaded_dbapi.Error) and code_of(error):
            context.is_disconnect = context.is_disconnect or is_fatal_to_connection(error)
            if code_of(error) not in CLIENT_CODES:
                reason = from_failure(error, "transaction")
                context.invalidate_pool_on_disconnect = reason.invalidates == "epoch"
