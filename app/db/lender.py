"""Brings `Database` and its strategy together: borrows connections and gives them back.

Every strategy, a user's own included, gets the same treatment here: it is
rebuilt in a forked child, its failures never replace the answer to a request,
and what it raises is put into this application's words.
"""

import logging
import os
import threading
from collections.abc import Callable

from app.db import forks
from app.db.connection import Connection
from app.db.connector import Connector
from app.db.counters import Counters
from app.db.errors import (
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    PoolExhausted,
    translate,
)
from app.db.flow import Flow
from app.db.strategy import ConnectionStrategy
from app.db.transaction import Transaction
from app.db.work import waiting

log = logging.getLogger(__name__)


class Lender:
    """One for all threads of a process, and of the processes forked from it."""

    def __init__(
        self, connector: Connector, new_strategy: Callable[[], ConnectionStrategy]
    ) -> None:
        self.driver_error: type[Exception] = connector.dbapi.Error
        self._connector = connector
        self._new_strategy = new_strategy
        self._fork_lock = threading.Lock()
        self._start()
        forks.watch(self)

    def borrow(self, how: str = "acquire") -> Transaction:
        """Borrow a connection by this verb of the strategy, or by `acquire` if it lacks that.

        Raises `PoolExhausted` or another `DatabaseUnavailable`; nothing was
        asked of the server then.
        """
        if os.getpid() != self._pid:  # a fork that Python was not told of, such as uWSGI's
            self.after_fork()
        if self._closed:
            raise DatabaseUnavailable("the database was closed")
        verb = getattr(self.strategy, how, self.strategy.acquire)
        try:
            with waiting:
                connection: Connection = verb()
        except TimeoutError as error:
            raise PoolExhausted(str(error)) from error
        except self.driver_error as error:
            translated = translate(error)
            if isinstance(translated, ConnectionLost):  # in the handshake
                translated = DatabaseUnavailable(str(error))
            raise translated from error
        return Transaction(connection, self.driver_error)

    def borrow_living(self) -> Transaction:
        """Borrow for a replay: what died with the first connection is passed over.

        A strategy that does not know how to may hold many of those. Nothing is
        sent on them; at most as many are tried as are open.
        """
        if hasattr(self.strategy, "acquire_to_replay"):
            return self.borrow("acquire_to_replay")
        for _ in range(self._connector.count_open()):
            tx = self.borrow()
            flow: Flow | None = getattr(tx.connection, "flow", None)
            if flow is None or flow.look() is None:
                return tx
            self.discard(tx)
        return self.borrow()

    def give_back(self, tx: Transaction) -> None:
        """Give a connection back for others, or for nobody if it broke."""
        if self._closed or not tx.is_usable:
            self.discard(tx)
            return
        try:
            self.strategy.release(tx.connection)
        except Exception:
            # What was asked for has been done: the caller must not hear of this.
            log.exception("the strategy failed to take a connection back")

    def discard(self, tx: Transaction) -> None:
        """Give a connection back that nobody may use again."""
        self.counters.add("discarded")
        try:
            if hasattr(self.strategy, "discard_lost"):
                self.strategy.discard_lost(tx.connection, tx.failure, in_unit=tx.has_begun)
            else:
                self.strategy.discard(tx.connection)
        except Exception:
            log.exception("the strategy failed to discard a connection")

    def end_request(self) -> None:
        """Tell the strategy that this thread's request is over."""
        try:
            getattr(self.strategy, "end_request", _nothing)()
        except Exception:
            log.exception("the strategy failed to end a request")

    def statistics(self) -> dict[str, int]:
        """Give this process's counters and the strategy's own."""
        own: dict[str, int] = getattr(self.strategy, "statistics", dict)()
        return {"opened": self._connector.opened, **self.counters.as_dict(), **own}

    def refusal(self) -> DatabaseError | None:
        """Give the reason, where the strategy knows that new connections are refused for ever."""
        refused: Exception | None = getattr(self.strategy, "refusal", _nothing)()
        return None if refused is None else translate(refused)

    def close(self) -> None:
        """Close what is idle now, and what is out when it comes back."""
        self._closed = True
        self.strategy.close()

    def after_fork(self) -> None:
        """Start afresh in a forked child, leaving the parent's connections to the parent."""
        with self._fork_lock:
            if os.getpid() != self._pid:
                inherited = self._connector.drop_inherited()
                self._start()
                self.counters.add("retired_fork", inherited)

    def _start(self) -> None:
        self._closed = False
        self.thread = threading.local()
        self.counters = Counters()
        self.strategy = self._new_strategy()
        self._pid = os.getpid()  # last: who sees it may use all the rest


def _nothing() -> None:
    """Stand in for a verb that a strategy does not have."""
