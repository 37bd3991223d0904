"""Checks connections out of the strategy and back in, for `Database`.

Every strategy, a user's own included, is treated alike here: it is rebuilt in a forked child, its
failures never replace the result of a request, and the driver's errors are translated.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from . import fork_safety
from .connection import transport_of
from .connector import Connector
from .counters import Counters
from .errors import (
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    PoolExhausted,
    translate,
)
from .instrumentation import checkout_timer
from .strategy import ConnectionStrategy, Purpose
from .transaction import Transaction

log = logging.getLogger(__name__)


class ConnectionManager:
    """One instance for all threads of a process, and of the processes forked from it."""

    def __init__(
        self, connector: Connector, new_strategy: Callable[[], ConnectionStrategy[Any]]
    ) -> None:
        self.driver_error: type[Exception] = connector.dbapi.Error
        self._connector = connector
        self._new_strategy = new_strategy
        self._fork_lock = threading.Lock()
        self._start()
        fork_safety.register(self)

    def checkout(self, purpose: Purpose = Purpose.READ) -> Transaction:
        """Check a connection out.

        Raises `PoolExhausted` or another `DatabaseUnavailable`; nothing was sent then.
        """
        if os.getpid() != self._pid:  # a fork Python was not told of, such as uWSGI's
            self.after_fork()
        if self._closed:
            raise DatabaseUnavailable("the database was closed")
        try:
            with checkout_timer:
                checkout = self.strategy.checkout(purpose)
        except TimeoutError as error:
            raise PoolExhausted(str(error)) from error
        except self.driver_error as error:
            translated = translate(error)
            if isinstance(translated, ConnectionLost):  # during the handshake
                translated = DatabaseUnavailable(str(error))
            raise translated from error
        return Transaction(checkout, self.driver_error)

    def checkout_for_retry(self) -> Transaction:
        """Check out a connection for a retry; discards those that died with the first one.

        A strategy that checks nothing may hold many. Nothing is sent on them; at
        most as many are tried as are open.
        """
        for _ in range(self._connector.count_open()):
            tx = self.checkout(Purpose.RETRY)
            transport = transport_of(tx.connection)
            if transport is None or transport.check_liveness() is None:
                return tx
            self.invalidate(tx)
        return self.checkout(Purpose.RETRY)

    def checkin(self, tx: Transaction) -> None:
        """Return a connection to the strategy; a broken one is discarded."""
        if self._closed or not tx.is_usable:
            self.invalidate(tx)
            return
        try:
            self.strategy.release(tx.connection)
        except Exception:
            # The work is done: the caller must not see this failure.
            log.exception("the strategy failed to take a connection back")

    def invalidate(self, tx: Transaction) -> None:
        """Return a connection that must not be used again."""
        self.counters.add("discarded")
        try:
            self.strategy.invalidate(tx.checkout, tx.failure, in_transaction=tx.has_begun)
        except Exception:
            log.exception("the strategy failed to discard a connection")

    def end_request(self) -> None:
        """Notify the strategy that this thread's request has ended."""
        try:
            self.strategy.end_request()
        except Exception:
            log.exception("the strategy failed to end a request")

    def statistics(self) -> dict[str, int]:
        """Return this process's counters and the strategy's own."""
        strategy = self.strategy.statistics()
        return {"opened": self._connector.opened, **self.counters.as_dict(), **strategy}

    def access_error(self) -> DatabaseError | None:
        """Return the reason while the server rejects the credentials or the database."""
        error = self.strategy.access_error()
        return None if error is None else translate(error)

    def close(self) -> None:
        """Close idle connections now and checked-out ones on return."""
        self._closed = True
        self.strategy.close()

    def after_fork(self) -> None:
        """Reset in a forked child; the parent keeps its connections."""
        with self._fork_lock:
            if os.getpid() != self._pid:
                inherited = self._connector.detach_inherited()
                self._start()
                self.counters.add("closed_fork", inherited)

    def _start(self) -> None:
        self._closed = False
        self.thread = threading.local()
        self.counters = Counters()
        self.strategy = self._new_strategy()
        self._pid = os.getpid()  # last: a thread that sees it may use everything above
