"""Single entry point for database access: reads, transactions, and their retries.

What is retried depends on what is known about the outcome:

- a lost read or BEGIN: nothing was changed, so it is retried transparently
- a transaction that was lost before its COMMIT was sent: retried by `run_transaction` only
- the response to COMMIT was lost: `run_transaction` finds out what happened if the transaction
  stored a commit token, and retries it if nothing was stored; otherwise it is retried only if it
  is declared idempotent
- a statement that was still executing when its time was up: never

`retry` decides how often and for how long.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, TypeVar

from .commit_tokens import CommitToken
from .config import DatabaseConfig
from .connection_manager import ConnectionManager
from .errors import (
    ConnectionLost,
    ConstraintViolation,
    DatabaseError,
    InvalidValue,
    OutcomeUnknown,
    ReadOnlyServer,
    TransactionConflict,
)
from .gtid import Position
from .managed_connection import ManagedConnection
from .pool_snapshot import PoolSnapshot
from .read_replica import ReadReplica
from .replica_monitor import committed_position
from .replica_reader import ReplicaReader
from .retry import Retries
from .statement_limit import UNLIMITED, StatementLimit
from .strategy import Purpose
from .transaction import Params, Reader, Row, Transaction
from .transaction_control import TransactionControl, raise_if_timed_out
from .unlimited_reader import UnlimitedReader

T = TypeVar("T")

# Raised unchanged even if the outcome of an earlier run is unknown.
FINAL_ERRORS = (OutcomeUnknown, ConstraintViolation, InvalidValue)


class Database:
    """Reads in autocommit, one round trip each; writes in transactions.

    One instance serves all threads of a process, and of the processes forked
    from it. No connection is opened before the first query.
    """

    def __init__(self, config: DatabaseConfig) -> None:
        """Load the strategy and the driver; raises `ConfigError` if that fails."""
        self._config = config
        self._limit = StatementLimit(config.statement_timeout_seconds)
        self.connections = ConnectionManager.from_config(config)
        self._control = TransactionControl(self.connections, config)
        self.access_error = self.connections.access_error
        self.storage_error = self._control.storage.last
        self.replica = (
            ReadReplica(config, self.connections, self._control.check_no_transaction)
            if config.read_url
            else None
        )

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Self:
        """Create a `Database` from `mysql://user:password@host:port/name`.

        Options are the other fields of `DatabaseConfig`. Raises `ConfigError` if one is invalid.
        """
        return cls(DatabaseConfig.from_url(url, **options))

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query in autocommit; returns its first row, or None.

        Raises `StatementTimedOut` if it takes longer than `statement_timeout_seconds`.
        """
        return self._read(lambda reader: reader.fetch_one(sql, params), self._limit)

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query in autocommit; returns all its rows. It has the same limit."""
        return self._read(lambda reader: reader.fetch_all(sql, params), self._limit)

    def reader(self, after: str = "", *, limited: bool = True) -> Reader:
        """Return a reader that prefers the replica; without `read_url`, it reads the primary.

        Its results may be `replica_max_lag_seconds` old, but include everything up to the position
        `after`. With `limited=False` it has no time limit, like `unlimited`. Raises `ValueError` if
        `after` is not a position.
        """
        primary, limit = (self, self._limit) if limited else (self.unlimited(), UNLIMITED)
        if self.replica is None:
            return primary
        return ReplicaReader(self.replica, primary, Position.parse(after), limit)

    def position(self) -> str:
        """Return a position for `reader` that includes everything committed before this call.

        It is read from the primary, as GTIDs; empty without a binary log. Raises `DatabaseError`.
        """
        return str(committed_position(self.connections))

    def statistics(self) -> dict[str, int]:
        """Return the counters of this process, and current numbers of connections."""
        counters = self.connections.statistics()
        return counters if self.replica is None else {**counters, **self.replica.statistics()}

    def snapshots(self) -> dict[str, PoolSnapshot]:
        """Return the pools of this process, `primary` and `replica`.

        Empty if the strategy does not know its connections.
        """
        managers = {"primary": self.connections}
        if self.replica is not None:
            managers["replica"] = self.replica.connections
        found = {name: manager.snapshot() for name, manager in managers.items()}
        return {name: pool for name, pool in found.items() if pool is not None}

    def end_request(self) -> None:
        """Notify the strategy that this thread's request has ended."""
        self.connections.end_request()
        if self.replica is not None:
            self.replica.connections.end_request()

    def close(self) -> None:
        """Close idle connections now and checked-out ones on return."""
        self.connections.close()
        if self.replica is not None:
            self.replica.connections.close()

    def unlimited(self) -> Reader:
        """Return a reader without `statement_timeout_seconds`: for exports and the like."""
        return UnlimitedReader(self._read)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Run the block as one transaction: all of it is committed, or nothing.

        Raises `ConnectionLost` if the connection breaks before the COMMIT is
        sent, `OutcomeUnknown` if the response to COMMIT is lost, and the other
        errors in `errors`. An exception in the block rolls it back.
        """
        tx = self._control.begin()
        self.connections.thread.in_transaction = True
        try:
            yield tx
            tx.check()
        except BaseException as error:
            self._control.roll_back(tx)
            raise_if_timed_out(tx, error)
            raise
        else:
            self._control.commit(tx)
        finally:
            self.connections.thread.in_transaction = False

    def run_transaction(
        self, function: Callable[[Transaction], T], *, idempotent: bool = False
    ) -> T:
        """Run a function in a transaction; retry it if nothing was committed.

        A lost connection, a deadlock, a lock timeout and a read-only server leave nothing behind,
        so the function runs again; `retry` says how often. With `idempotent`, which declares that
        running it twice is harmless, it is retried even if the outcome is unknown. With
        `commit_tokens` the outcome is read from the server. The function must access the database
        only through its transaction.

        If the outcome of an earlier run stays unknown, a later failure does not settle it:
        `OutcomeUnknown` is raised, unless the server rejected the statements themselves (a
        constraint violation or an invalid value).
        """
        has_token = self._config.commit_tokens and not idempotent
        run = self._run_with_token if has_token else self._run
        retries, is_in_doubt = Retries(self._config), False
        while True:
            try:
                return run(function)
            except DatabaseError as error:
                is_unknown = isinstance(error, OutcomeUnknown)
                is_in_doubt = is_in_doubt or is_unknown
                may_retry = idempotent or not is_unknown
                if not (may_retry and retries.wait_after(error)):
                    if is_in_doubt and not isinstance(error, FINAL_ERRORS):
                        raise OutcomeUnknown(str(error)) from error
                    raise
                is_failover = isinstance(error, ReadOnlyServer)
                self._control.note_retry("failover" if is_failover else "transaction", error)

    @contextmanager
    def connection(self, *, autocommit: bool = False) -> Iterator[ManagedConnection]:
        """Check out a PEP 249 connection; what is not committed in the block is rolled back.

        With `autocommit` each statement is committed by itself and no BEGIN is sent. Raises
        `DatabaseUnavailable` if no connection is available; statements raise the driver's own
        errors. From the first statement until the commit or rollback, the thread cannot use this
        `Database` in any other way.
        """
        commit, rollback = self._control.commit, self._control.roll_back
        if autocommit:
            commit = rollback = self.connections.checkin

        def begin() -> Transaction:
            self._control.check_no_transaction()
            tx = self.connections.checkout() if autocommit else self._control.begin()
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

    def _run(self, function: Callable[[Transaction], T]) -> T:
        with self.transaction() as tx:
            return function(tx)

    def _run_with_token(self, function: Callable[[Transaction], T]) -> T:
        """Run a function in a transaction; raises `OutcomeUnknown` only if the lookup fails.

        `ConnectionLost` means, as always, that nothing was stored.
        """
        tokens = self.connections.commit_tokens()
        token = tokens.take()
        try:
            with self.transaction() as tx:
                result = function(tx)
                if tx.has_written:
                    token.store(tx)
        except BaseException as error:
            if not token.is_stored or isinstance(error, TransactionConflict):
                tokens.put_back(token)
            if not (token.is_stored and isinstance(error, OutcomeUnknown)):
                raise
            if not self._was_committed(token, error):
                # The driver's error as cause: `retry` distinguishes a read timeout by it.
                raise ConnectionLost(str(error)) from error.__cause__
        else:
            tokens.put_back(token)
        return result

    def _was_committed(self, token: CommitToken, lost: OutcomeUnknown) -> bool:
        retries = Retries(self._config, at_most=math.inf)
        was_committed = False
        while True:
            try:
                with self.transaction() as tx:
                    was_committed = token.was_committed(tx)
            except DatabaseError as error:
                if not was_committed:
                    if not retries.wait_after_lookup(error):
                        raise lost from error
                    continue
            self._control.note_lookup(was_committed=was_committed)
            return was_committed

    def _read(self, query: Callable[[Transaction], T], limit: StatementLimit = UNLIMITED) -> T:
        return self._control.retrying("read", Purpose.READ, partial(self._read_on, query, limit))

    def _read_on(
        self, query: Callable[[Transaction], T], limit: StatementLimit, reader: Transaction
    ) -> T:
        reader.limit = limit
        try:
            result = query(reader)
        except BaseException as error:
            self.connections.checkin(reader)
            raise_if_timed_out(reader, error)
            raise
        self.connections.checkin(reader)
        return result
