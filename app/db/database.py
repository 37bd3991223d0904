"""The only door to the server: it alone begins, commits, rolls back, replays and translates.

What is replayed is decided by what is known of the outcome:

- the send failed, or BEGIN was lost: not executed, so once more, unseen
- sent and never answered: a read once more; a unit of writes only if it was
  given as a callable and its COMMIT had not been sent
- the answer to COMMIT was cut off: never, unless the unit is declared idempotent
"""

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NoReturn, TypeVar

from app.db import forks
from app.db.connection import Connection
from app.db.connector import Connector
from app.db.counters import Counters
from app.db.errors import (
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    OutcomeUnknown,
    PoolExhausted,
    TransactionConflict,
    outcome_of,
    translate,
)
from app.db.flow import Flow
from app.db.strategy import ConnectionStrategy, load_strategy
from app.db.transaction import Params, Row, Transaction
from app.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
Acquire = Callable[[Callable[[], Connection]], Transaction]

REPLAYS_OF_A_UNIT = 3
LONGEST_PAUSE_SECONDS = 0.05  # before the first replay; doubled for each further one


def open_database(settings: Settings) -> "Database":
    """Build the door that the settings describe; nothing is connected before its first use.

    Raises `BadSettings` for a strategy, driver or certificate that cannot be loaded.
    """
    connector, strategy = Connector(settings), load_strategy(settings.db_strategy)
    return Database(connector, lambda: strategy(connector, settings))


def _deadline(connection: Connection) -> AbstractContextManager[None]:
    """Bound the first answer of a connection that its strategy does not quite trust."""
    seconds = getattr(connection, "first_answer_within_seconds", None)
    bound: Callable[[float], AbstractContextManager[None]] | None = getattr(
        connection, "answer_within", None
    )
    return bound(seconds) if bound and seconds else nullcontext()


class Database:
    """Reads in autocommit, one round trip each; writes as units of work.

    One instance serves all threads of a process, and of the processes forked from it.
    """

    def __init__(
        self, connector: Connector, new_strategy: Callable[[], ConnectionStrategy]
    ) -> None:
        self._connector = connector
        self._new_strategy = new_strategy
        self.driver_error: type[Exception] = connector.dbapi.Error
        self._fork_lock = threading.Lock()
        self._start()
        forks.watch(self)

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query in autocommit; returns its first row, or None."""
        return self._read(lambda reader: reader.fetch_one(sql, params))

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query in autocommit; returns all its rows."""
        return self._read(lambda reader: reader.fetch_all(sql, params))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Run the block as one unit: all of it is stored, or nothing.

        Raises `ConnectionLost` if the connection breaks before the COMMIT is
        sent, `OutcomeUnknown` if the answer to COMMIT is cut off, and what
        else `app.db.errors` names. Whatever the block raises rolls it back.
        """
        tx = self._begin()
        self._thread.in_unit = True
        try:
            yield tx
            tx.check()
        except BaseException:
            self._roll_back(tx)
            raise
        else:
            self._commit(tx)
        finally:
            self._thread.in_unit = False

    def run(self, unit: Callable[[Transaction], T], *, idempotent: bool = False) -> T:
        """Run a unit given as a callable, again wherever nothing of it was stored.

        A lost connection, a deadlock and a lock timeout leave nothing behind,
        so the unit is run again, up to three times, after a random pause.
        `idempotent` promises that running it twice does no harm: then also
        when the outcome is unknown. The unit must only use its transaction.
        """
        again = (ConnectionLost, TransactionConflict, *([OutcomeUnknown] if idempotent else []))
        for replay in range(REPLAYS_OF_A_UNIT):
            try:
                return self._run_once(unit)
            except again as error:
                self._note_replay("unit", error)
                time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS * 2**replay))  # noqa: S311
        return self._run_once(unit)

    def end_request(self) -> None:
        """Tell the strategy that this thread's request is over."""
        if hook := getattr(self.strategy, "end_request", None):
            hook()

    def statistics(self) -> dict[str, int]:
        """Give this process's counters: connections opened, replays, and the strategy's own."""
        own: dict[str, int] = getattr(self.strategy, "statistics", dict)()
        return {"opened": self._connector.opened, **self._counters.as_dict(), **own}

    def close(self) -> None:
        """Close what is idle now, and what is out when it comes back."""
        self._closed = True
        self.strategy.close()

    def after_fork(self) -> None:
        """Start afresh in a forked child, leaving the parent's connections to the parent."""
        with self._fork_lock:
            if os.getpid() != self._pid:
                self._connector.drop_inherited()
                self._start()

    def _start(self) -> None:
        self._closed = False
        self._thread = threading.local()
        self._counters = Counters()
        self.strategy = self._new_strategy()
        self._pid = os.getpid()  # last: who sees it may use all the rest

    def _notice_fork(self) -> None:
        # For forks that Python is not told of, such as uWSGI's.
        if os.getpid() != self._pid:
            self.after_fork()

    def _run_once(self, unit: Callable[[Transaction], T]) -> T:
        with self.transaction() as tx:
            return unit(tx)

    def _read(self, query: Callable[[Transaction], T]) -> T:
        self._notice_fork()
        try:
            return self._read_once(query, self._acquire)
        except ConnectionLost as error:
            self._note_replay("read", error)
            return self._read_once(query, self._acquire_living)

    def _read_once(self, query: Callable[[Transaction], T], acquire: Acquire) -> T:
        reader = acquire(self.strategy.acquire)
        try:
            return query(reader)
        finally:
            self._give_back(reader)

    def _begin(self) -> Transaction:
        # BEGIN has no effect of its own, so a lost one is sent again. It is
        # explicit also because DBUtils repeats statements on a new connection
        # unless begin() was called.
        self._notice_fork()
        try:
            return self._begin_once(self._acquire)
        except ConnectionLost as error:
            self._note_replay("begin", error)
            return self._begin_once(self._acquire_living)

    def _begin_once(self, acquire: Acquire) -> Transaction:
        tx = acquire(getattr(self.strategy, "acquire_to_begin", self.strategy.acquire))
        try:
            with _deadline(tx.connection):
                tx.connection.begin()
        except BaseException as error:
            self._discard(tx)
            self._raise_in_our_words(error)
        return tx

    def _commit(self, tx: Transaction) -> None:
        try:
            tx.connection.commit()
        except BaseException as error:
            self._discard(tx)
            if isinstance(error, self.driver_error) and outcome_of(error) == "unknown":
                raise OutcomeUnknown(str(error)) from error
            self._raise_in_our_words(error)
        self._give_back(tx)

    def _roll_back(self, tx: Transaction) -> None:
        if tx.is_usable:
            try:
                tx.connection.rollback()
            except self.driver_error:
                tx.is_usable = False
        self._give_back(tx)

    def _acquire(self, verb: Callable[[], Connection]) -> Transaction:
        if self._closed:
            raise DatabaseUnavailable("the database was closed")
        if getattr(self._thread, "in_unit", False):
            raise RuntimeError("a unit of work is open in this thread: use its transaction")
        try:
            connection = verb()
        except TimeoutError as error:
            raise PoolExhausted(str(error)) from error
        except self.driver_error as error:
            translated = translate(error)
            if isinstance(translated, ConnectionLost):  # in the handshake: nothing was asked
                translated = DatabaseUnavailable(str(error))
            raise translated from error
        return Transaction(connection, self.driver_error)

    def _acquire_living(self, verb: Callable[[], Connection]) -> Transaction:
        """Acquire for a replay: what died with the first connection is passed over.

        A strategy that does not look may hold many of those. Nothing is sent
        on them; at most as many are tried as are open.
        """
        for _ in range(self._connector.count_open()):
            tx = self._acquire(verb)
            flow: Flow | None = getattr(tx.connection, "flow", None)
            if flow is None or flow.look() is None:
                return tx
            self._discard(tx)
        return self._acquire(verb)

    def _give_back(self, tx: Transaction) -> None:
        if self._closed or not tx.is_usable:
            self._discard(tx)
            return
        try:
            self.strategy.release(tx.connection)
        except Exception:
            # What was asked for has been done: the caller must not hear of this.
            log.exception("the strategy failed to take a connection back")

    def _discard(self, tx: Transaction) -> None:
        self._counters.add("discarded")
        try:
            self.strategy.discard(tx.connection)
        except Exception:
            log.exception("the strategy failed to discard a connection")

    def _raise_in_our_words(self, error: BaseException) -> NoReturn:
        if isinstance(error, self.driver_error):
            raise translate(error) from error
        raise error

    def _note_replay(self, what: str, error: DatabaseError) -> None:
        self._counters.add(f"replayed_{what}")
        log.warning("%s replayed on another connection after: %s", what, error)
