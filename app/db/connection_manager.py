"""Checks connections out of the strategy and back in, for `Database`.

All strategies, a user's own included, are handled the same way: they are rebuilt in a forked child,
exceptions while a connection is returned are only logged, and the driver's errors are translated.
"""

import logging
import os
import threading
from collections.abc import Callable, Collection
from typing import Any, Self

from . import fork_safety
from .commit_tokens import CommitTokens
from .config import DatabaseConfig
from .connection import transport_of
from .connector import Connector
from .counters import Counters
from .errors import (
    DatabaseError,
    DatabaseUnavailable,
    PoolExhausted,
    translate,
    translate_connect_error,
)
from .instrumentation import checkout_timer
from .pool_snapshot import PoolSnapshot
from .session_reset import SessionReset
from .strategy import ConnectionStrategy, Purpose, construct, load_strategy
from .transaction import Transaction

log = logging.getLogger(__name__)


class ConnectionManager:
    """Shared by all threads of a process; resets itself in a forked child."""

    def __init__(
        self,
        connector: Connector,
        new_strategy: Callable[[], ConnectionStrategy[Any]],
        stateless_procedures: Collection[str] = (),
        *,
        is_causal: bool = False,
    ) -> None:
        self.driver_error: type[Exception] = connector.dbapi.Error
        self._connector = connector
        self._new_strategy = new_strategy
        self._stateless_procedures = frozenset(name.lower() for name in stateless_procedures)
        self.is_causal = is_causal
        self._fork_lock = threading.Lock()
        self._start()
        fork_safety.register(self)

    @classmethod
    def from_config(cls, config: DatabaseConfig) -> Self:
        """Load the strategy and the driver; raises `ConfigError` if that fails."""
        connector, strategy = Connector(config), load_strategy(config.strategy)
        return cls(
            connector,
            lambda: construct(strategy, connector, config),
            config.stateless_procedures,
            is_causal=config.read_consistency == "causal",
        )

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
            raise translate_connect_error(error) from error
        return Transaction(
            checkout,
            self.driver_error,
            self._stateless_procedures,
            is_causal=self.is_causal,
        )

    def checkout_for_retry(self, purpose: Purpose = Purpose.RETRY) -> Transaction:
        """Check out a connection for a retry, discarding those lost with the failed one.

        A strategy without checks may hold many of them. Only their sockets are examined; the number
        of attempts is limited to the number of open connections.
        """
        for _ in range(self._connector.count_open()):
            tx = self.checkout(purpose)
            transport = transport_of(tx.connection)
            if transport is None or transport.check_liveness() is None:
                return tx
            self.invalidate(tx)
        return self.checkout(purpose)

    def checkin(self, tx: Transaction) -> None:
        """Return a connection to the strategy, its session reset if necessary.

        A broken connection is discarded, and one whose session cannot be reset.
        """
        is_reusable = False
        try:
            is_reusable = not self._closed and tx.is_usable and self._sessions.is_clean(tx)
        finally:
            if not is_reusable:
                self.invalidate(tx)
        if not is_reusable:
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

    def snapshot(self) -> PoolSnapshot | None:
        """Return the connections of this process; None if the strategy does not know them."""
        try:
            return self.strategy.snapshot()
        except Exception:
            log.exception("the strategy's snapshot failed")
            return None

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
        self._sessions = SessionReset(self.counters)
        self.strategy = self._new_strategy()
        self._pid = os.getpid()  # assigned last: when it is current, everything above is valid
