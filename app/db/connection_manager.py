"""Checks connections out of the strategy and back in, for `Database`.

All strategies, a user's own included, are handled the same way: they are rebuilt in a forked child,
exceptions while a connection is returned are only logged, and the driver's errors are translated.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from . import fork_safety
from .commit_tokens import CommitTokens
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
    """Shared by all threads of a process; resets itself in a forked child."""

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

        Raises `PoolExhausted` or another `DatabaseUnavailable`; no statement was sent.
        """
        self._detect_fork()
        if self._closed:
            raise DatabaseUnavailable("this Database was closed")
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
        """Check out a connection for a retry, discarding those lost with the failed one.

        A strategy without checks may hold many of them. Only their sockets are examined; the number
        of attempts is limited to the number of open connections.
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
        """Hand a failed connection back to the strategy, which must not use it again."""
        self.counters.add("discarded")
        try:
            tx.has_timed_out = self.strategy.invalidate(
                tx.checkout, tx.failure, in_transaction=tx.has_begun
            )
        except Exception:
            log.exception("the strategy failed to discard a connection")

    def commit_tokens(self) -> CommitTokens:
        """Return the commit tokens of this process."""
        self._detect_fork()
        return self._commit_tokens

    def end_request(self) -> None:
        """Notify the strategy that this thread's request has ended."""
        try:
            self.strategy.end_request()
        except Exception:
            log.exception("the strategy's end_request failed")

    def statistics(self) -> dict[str, int]:
        """Return this process's counters and the strategy's own."""
        strategy = self.strategy.statistics()
        return {"opened": self._connector.opened, **self.counters.as_dict(), **strategy}

    def access_error(self) -> DatabaseError | None:
        """Return the error if the server rejects the credentials or the database, else None."""
        error = self.strategy.access_error()
        return None if error is None else translate(error)

    def close(self) -> None:
        """Close idle connections now and checked-out ones on return."""
        self._closed = True
        self.strategy.close()

    def after_fork(self) -> None:
        """Replace all state in a forked child; the parent keeps its connections."""
        with self._fork_lock:
            if os.getpid() != self._pid:
                inherited = self._connector.detach_inherited()
                self._start()
                self.counters.add("closed_fork", inherited)

    def _detect_fork(self) -> None:
        if os.getpid() != self._pid:  # a fork outside Python, such as uWSGI's
            self.after_fork()

    def _start(self) -> None:
        self._closed = False
        self.thread = threading.local()
        self.counters = Counters()
        self._commit_tokens = CommitTokens()
        self.strategy = self._new_strategy()
        self._pid = os.getpid()  # assigned last: when it is current, everything above is valid
