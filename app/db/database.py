"""Single entry point for database access: begins, commits, rolls back and retries.

What is retried depends on what is known about the outcome:

- a read whose send failed, or a lost BEGIN: nothing was changed, so it is retried transparently
- sent, but no response: a read is retried once; a transaction only by `run_transaction`, and only
  if its COMMIT had not been sent
- the response to COMMIT was lost: never, unless the transaction is declared idempotent
"""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, NoReturn, Self, TypeVar

from .clock import Deadline
from .config import DatabaseConfig
from .connection_manager import ConnectionManager
from .connector import Connector
from .errors import (
    ConnectionLost,
    ConstraintViolation,
    DatabaseError,
    InvalidValue,
    OutcomeUnknown,
    ReadOnlyServer,
    TransactionConflict,
    outcome_of,
    translate,
)
from .instrumentation import executing
from .managed_connection import ManagedConnection
from .strategy import Purpose, construct, load_strategy
from .transaction import Params, Row, Transaction

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_RETRIES = 3
MAX_RETRY_DELAY_SECONDS = 0.05  # before the first retry; doubled for each further one
# How long a transaction waits during a failover for the server to accept writes.
FAILOVER_SECONDS = 3.0
FAILOVER_RETRY_DELAY_SECONDS = 0.3
# Raised unchanged even if the outcome of an earlier run is unknown.
FINAL_ERRORS = (OutcomeUnknown, ConstraintViolation, InvalidValue)


class Database:
    """Reads in autocommit, one round trip each; writes in transactions.

    One instance serves all threads of a process, and of the processes forked
    from it. No connection is opened before the first query.
    """

    def __init__(self, config: DatabaseConfig) -> None:
        """Load the strategy and the driver; raises `ConfigError` if that fails."""
        connector, strategy = Connector(config), load_strategy(config.strategy)
        self.connections = ConnectionManager(
            connector,
            lambda: construct(strategy, connector, config),
            config.stateless_procedures,
        )
        self.end_request = self.connections.end_request
        self.access_error = self.connections.access_error
        self.statistics = self.connections.statistics
        self.close = self.connections.close

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Self:
        """Create a `Database` from `mysql://user:password@host:port/name`.

        Options are the other fields of `DatabaseConfig`. Raises `ConfigError` if one is invalid.
        """
        return cls(DatabaseConfig.from_url(url, **options))

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query in autocommit; returns its first row, or None."""
        return self._read(lambda reader: reader.fetch_one(sql, params))

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query in autocommit; returns all its rows."""
        return self._read(lambda reader: reader.fetch_all(sql, params))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Run the block as one transaction: all of it is committed, or nothing.

        Raises `ConnectionLost` if the connection breaks before the COMMIT is
        sent, `OutcomeUnknown` if the response to COMMIT is lost, and the other
        errors in `errors`. An exception in the block rolls it back.
        """
        tx = self._begin()
        self.connections.thread.in_transaction = True
        try:
            yield tx
            tx.check()
        except BaseException:
            self._roll_back(tx)
            raise
        else:
            self._commit(tx)
        finally:
            self.connections.thread.in_transaction = False

    def run_transaction(
        self, function: Callable[[Transaction], T], *, idempotent: bool = False
    ) -> T:
        """Run a function in a transaction; retry it if nothing was committed.

        A lost connection, a deadlock and a lock timeout leave nothing behind, so the function runs
        again, up to three times, after a random delay. With `idempotent`, which declares that
        running it twice is harmless, it is retried even if the outcome is unknown. If the server is
        read-only, nothing was committed either; the function is retried on new connections for up
        to three seconds. The function must access the database only through its transaction.

        If the outcome of an earlier run is unknown, a later failure does not settle it:
        `OutcomeUnknown` is raised, unless the server rejected the statements themselves (a
        constraint violation or an invalid value).
        """
        retried = (ConnectionLost, TransactionConflict, *([OutcomeUnknown] if idempotent else []))
        is_in_doubt, retries = False, 0
        while True:
            try:
                return self._run_until_writable(function)
            except DatabaseError as error:
                is_in_doubt = is_in_doubt or isinstance(error, OutcomeUnknown)
                if retries == MAX_RETRIES or not isinstance(error, retried):
                    if is_in_doubt and not isinstance(error, FINAL_ERRORS):
                        raise OutcomeUnknown(str(error)) from error
                    raise
                self._note_retry("transaction", error)
            time.sleep(random.uniform(0, MAX_RETRY_DELAY_SECONDS * 2**retries))  # noqa: S311
            retries += 1

    @contextmanager
    def connection(self, *, autocommit: bool = False) -> Iterator[ManagedConnection]:
        """Check out a PEP 249 connection; what is not committed in the block is rolled back.

        With `autocommit` each statement is committed by itself and no BEGIN is sent. Raises
        `DatabaseUnavailable` if no connection is available; statements raise the driver's own
        errors. From the first statement until the commit or rollback, the thread cannot use this
        `Database` in any other way.
        """
        commit, rollback = self._commit, self._roll_back
        if autocommit:
            commit = rollback = self.connections.checkin

        def begin() -> Transaction:
            tx = self._checkout_for_cursor() if autocommit else self._begin()
            self.connections.thread.in_transaction = True
            return tx

        def end(finish: Callable[[Transaction], None], tx: Transaction) -> None:
            self.connections.thread.in_transaction = False
            finish(tx)

        managed = ManagedConnection(
            begin, partial(end, commit), partial(end, rollback), autocommit=autocommit
        )
        try:
            yield managed
        finally:
            managed.close()

    def _run_until_writable(self, function: Callable[[Transaction], T]) -> T:
        deadline = Deadline(FAILOVER_SECONDS)
        while True:
            try:
                with self.transaction() as tx:
                    return function(tx)
            except ReadOnlyServer as error:
                if deadline.remaining() < FAILOVER_RETRY_DELAY_SECONDS:
                    raise
                self._note_retry("failover", error)
                delay = FAILOVER_RETRY_DELAY_SECONDS
                time.sleep(random.uniform(delay / 2, delay))  # noqa: S311

    def _read(self, query: Callable[[Transaction], T]) -> T:
        self._check_no_transaction()
        try:
            return self._read_on(self.connections.checkout(), query)
        except ConnectionLost as error:
            self._note_retry("read", error)
            return self._read_on(self.connections.checkout_for_retry(), query)

    def _read_on(self, reader: Transaction, query: Callable[[Transaction], T]) -> T:
        try:
            return query(reader)
        finally:
            self.connections.checkin(reader)

    def _checkout_for_cursor(self) -> Transaction:
        self._check_no_transaction()
        return self.connections.checkout()

    def _begin(self) -> Transaction:
        # BEGIN has no effect of its own, so a lost one is sent again. It must be explicit: DBUtils
        # repeats statements on a new connection unless begin() was called.
        self._check_no_transaction()
        try:
            return self._begin_on(self.connections.checkout(Purpose.BEGIN))
        except ConnectionLost as error:
            self._note_retry("begin", error)
            return self._begin_on(self.connections.checkout_for_retry())

    def _begin_on(self, tx: Transaction) -> Transaction:
        try:
            with executing("BEGIN"), _first_response_deadline(tx):
                tx.connection.begin()
        except BaseException as error:
            self._invalidate(tx, error)
            self._raise_translated(error)
        tx.has_begun = True
        return tx

    def _commit(self, tx: Transaction) -> None:
        try:
            with executing("COMMIT"):
                tx.connection.commit()
        except BaseException as error:
            self._invalidate(tx, error)
            if isinstance(error, self.connections.driver_error) and outcome_of(error) == "unknown":
                raise OutcomeUnknown(str(error)) from error
            self._raise_translated(error)
        self.connections.checkin(tx)

    def _roll_back(self, tx: Transaction) -> None:
        try:
            if tx.is_usable:
                tx.is_usable = False
                with executing("ROLLBACK"):
                    tx.connection.rollback()
                tx.is_usable = True
        except self.connections.driver_error as error:
            tx.failure = tx.failure or error  # the first error is raised, this one only recorded
        finally:
            self.connections.checkin(tx)

    def _invalidate(self, tx: Transaction, error: BaseException) -> None:
        tx.failure = error
        self.connections.invalidate(tx)

    def _check_no_transaction(self) -> None:
        if getattr(self.connections.thread, "in_transaction", False):
            raise RuntimeError("a transaction is open in this thread: use its methods instead")

    def _raise_translated(self, error: BaseException) -> NoReturn:
        if isinstance(error, self.connections.driver_error):
            raise translate(error) from error
        raise error

    def _note_retry(self, what: str, error: DatabaseError) -> None:
        self.connections.counters.add(f"retried_{what}")
        log.warning("%s: retried on another connection after: %s", what, error)


def _first_response_deadline(tx: Transaction) -> AbstractContextManager[None]:
    """Limit the time of the first response on a connection that the strategy did not verify."""
    seconds = tx.checkout.first_response_seconds
    bound: Callable[[float], AbstractContextManager[None]] | None = getattr(
        tx.connection, "response_deadline", None
    )
    return bound(seconds) if bound and seconds else nullcontext()
