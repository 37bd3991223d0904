"""BEGIN, COMMIT and ROLLBACK, and the retry of a lost BEGIN.

No other module sends these statements; `Database` is the only caller.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from .config import DatabaseConfig
from .connection_manager import ConnectionManager
from .errors import (
    ConnectionLost,
    DatabaseError,
    OutcomeUnknown,
    StatementTimedOut,
    commit_outcome_of,
    translate,
    translate_without_locks,
)
from .instrumentation import executing
from .retry import Retries
from .storage_failures import StorageFailures
from .strategy import Purpose
from .transaction import Transaction

log = logging.getLogger(__name__)
T = TypeVar("T")


class TransactionControl:
    """Opens and ends transactions; a thread has at most one at a time."""

    def __init__(self, connections: ConnectionManager, config: DatabaseConfig) -> None:
        self._connections = connections
        self._config = config
        self.storage = StorageFailures()

    def begin(self) -> Transaction:
        """Begin a transaction on a connection of its own; raises `DatabaseUnavailable`.

        BEGIN has no effect of its own, so a lost one is sent again. It is explicit because DBUtils
        repeats statements on a new connection unless begin() was called.
        """
        return self.retrying("begin", Purpose.BEGIN, self._begin_on)

    def commit(self, tx: Transaction) -> None:
        """Commit and check the connection in; raises `OutcomeUnknown` if the response is lost."""
        try:
            with executing("COMMIT"):
                tx.connection.commit()
        except BaseException as error:
            self._invalidate(tx, error)
            is_driver_error = isinstance(error, self._connections.driver_error)
            if is_driver_error:
                self.storage.note_failure(translate(error))
            if is_driver_error and commit_outcome_of(error) == "unknown":
                raise OutcomeUnknown(str(error)) from error
            if is_driver_error:
                raise translate(error) from error
            raise
        self.storage.note_commit(has_written=tx.has_written)
        self._connections.checkin(tx)

    def roll_back(self, tx: Transaction) -> None:
        """Roll back and check the connection in; never raises a driver's error."""
        self.storage.note_failure(tx.failure)
        try:
            if tx.is_usable:
                tx.is_usable = False
                with executing("ROLLBACK"):
                    tx.connection.rollback()
                tx.is_usable = True
        except self._connections.driver_error as error:
            tx.failure = tx.failure or error  # the first error is raised, this one only recorded
        finally:
            self._connections.checkin(tx)

    def retrying(self, what: str, purpose: Purpose, use: Callable[[Transaction], T]) -> T:
        """Check out a connection and use it; retry on another one if it is lost."""
        self.check_no_transaction()
        retries = None
        tx = self._connections.checkout(purpose)
        while True:
            try:
                return use(tx)
            except ConnectionLost as error:
                retries = retries or Retries(self._config, at_least=1)
                if not retries.wait_after(error):
                    raise
                self.note_retry(what, error)
            tx = self._connections.checkout_for_retry()

    def check_no_transaction(self) -> None:
        """Raise `RuntimeError` if this thread has a transaction open."""
        if getattr(self._connections.thread, "in_transaction", False):
            raise RuntimeError("a transaction is open in this thread: use its methods instead")

    def note_retry(self, what: str, error: DatabaseError) -> None:
        """Count and log a retry."""
        self._connections.counters.add(f"retried_{what}")
        log.warning("%s: retried on another connection after: %s", what, error)

    def note_lookup(self, *, was_committed: bool) -> None:
        """Count and log what the commit token showed about a COMMIT whose response was lost."""
        outcome = "found" if was_committed else "missing"
        self._connections.counters.add(f"commit_{outcome}")
        log.warning("the response to COMMIT was lost; its commit token is %s", outcome)

    def _begin_on(self, tx: Transaction) -> Transaction:
        try:
            with executing("BEGIN"), _first_response_deadline(tx):
                tx.connection.begin()
        except BaseException as error:
            self._invalidate(tx, error)
            if isinstance(error, self._connections.driver_error):
                raise translate_without_locks(error) from error
            raise
        tx.has_begun = True
        return tx

    def _invalidate(self, tx: Transaction, error: BaseException) -> None:
        tx.failure = error
        self._connections.invalidate(tx)


def raise_if_timed_out(tx: Transaction, error: BaseException) -> None:
    """Raise `StatementTimedOut` if the strategy had to end the statement of a failed connection."""
    if tx.has_timed_out:
        raise StatementTimedOut(str(error)) from error


def _first_response_deadline(tx: Transaction) -> AbstractContextManager[None]:
    """Limit the time of the first response on a connection that the strategy did not verify."""
    seconds = tx.checkout.first_response_seconds
    bound: Callable[[float], AbstractContextManager[None]] | None = getattr(
        tx.connection, "response_deadline", None
    )
    return bound(seconds) if bound and seconds else nullcontext()
