"""The only door to the server: it alone begins, commits, rolls back and replays.

What is replayed is decided by what is known of the outcome:

- the send failed, or BEGIN was lost: not executed, so once more, unseen
- sent and never answered: a read once more; a unit of writes only if it was
  given as a callable and its COMMIT had not been sent
- the answer to COMMIT was cut off: never, unless the unit is declared idempotent
"""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NoReturn, TypeVar

from app.db.clock import Deadline
from app.db.connection import Connection
from app.db.connector import Connector
from app.db.errors import (
    ConnectionLost,
    ConstraintViolation,
    DatabaseError,
    OutcomeUnknown,
    ReadOnlyServer,
    TransactionConflict,
    ValueRefused,
    outcome_of,
    translate,
)
from app.db.lender import Lender
from app.db.strategy import construct, load_strategy
from app.db.transaction import Params, Row, Transaction
from app.db.work import sending
from app.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")

REPLAYS_OF_A_UNIT = 3
LONGEST_PAUSE_SECONDS = 0.05  # before the first replay; doubled for each further one
# How long a unit waits for a server that takes writes, while a failover is under way.
FAILOVER_SECONDS = 3.0
FAILOVER_PAUSE_SECONDS = 0.3
# Verdicts that hold for all runs of a unit which may be run twice.
ABOUT_THE_UNIT = (OutcomeUnknown, ConstraintViolation, ValueRefused)


def open_database(settings: Settings) -> "Database":
    """Build the door that the settings describe; nothing is connected before its first use.

    Raises `BadSettings` for a strategy, driver or certificate that cannot be loaded.
    """
    connector, strategy = Connector(settings), load_strategy(settings.db_strategy)
    return Database(Lender(connector, lambda: construct(strategy, connector, settings)))


class Database:
    """Reads in autocommit, one round trip each; writes as units of work.

    One instance serves all threads of a process, and of the processes forked from it.
    """

    def __init__(self, lender: Lender) -> None:
        self.lender = lender
        self.end_request = lender.end_request
        self.refusal = lender.refusal
        self.statistics = lender.statistics
        self.close = lender.close

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
        self.lender.thread.in_unit = True
        try:
            yield tx
            tx.check()
        except BaseException:
            self._roll_back(tx)
            raise
        else:
            self._commit(tx)
        finally:
            self.lender.thread.in_unit = False

    def run(self, unit: Callable[[Transaction], T], *, idempotent: bool = False) -> T:
        """Run a unit given as a callable, again wherever nothing of it was stored.

        A lost connection, a deadlock and a lock timeout leave nothing behind,
        so the unit is run again, up to three times, after a random pause.
        `idempotent` promises that running it twice does no harm: then also
        when the outcome is unknown. A server that takes no writes stored
        nothing either: the unit is run again on new connections, for up to
        three seconds. The unit must only use its transaction.

        A run that failed says nothing of an earlier one with an unknown
        outcome: then `OutcomeUnknown` is raised, unless the server has looked
        at the unit and refused it.
        """
        again = (ConnectionLost, TransactionConflict, *([OutcomeUnknown] if idempotent else []))
        is_in_doubt, replay = False, 0
        while True:
            try:
                return self._run_on_a_primary(unit)
            except DatabaseError as error:
                is_in_doubt = is_in_doubt or isinstance(error, OutcomeUnknown)
                if replay == REPLAYS_OF_A_UNIT or not isinstance(error, again):
                    if is_in_doubt and not isinstance(error, ABOUT_THE_UNIT):
                        raise OutcomeUnknown(str(error)) from error
                    raise
                self._note_replay("unit", error)
            time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS * 2**replay))  # noqa: S311
            replay += 1

    def _run_on_a_primary(self, unit: Callable[[Transaction], T]) -> T:
        patience = Deadline(FAILOVER_SECONDS)
        while True:
            try:
                with self.transaction() as tx:
                    return unit(tx)
            except ReadOnlyServer as error:
                if patience.remaining() < FAILOVER_PAUSE_SECONDS:
                    raise
                self._note_replay("failover", error)
                time.sleep(random.uniform(FAILOVER_PAUSE_SECONDS / 2, FAILOVER_PAUSE_SECONDS))  # noqa: S311

    def _read(self, query: Callable[[Transaction], T]) -> T:
        self._refuse_inside_a_unit()
        try:
            return self._read_on(self.lender.borrow(), query)
        except ConnectionLost as error:
            self._note_replay("read", error)
            return self._read_on(self.lender.borrow_living(), query)

    def _read_on(self, reader: Transaction, query: Callable[[Transaction], T]) -> T:
        try:
            return query(reader)
        finally:
            self.lender.give_back(reader)

    def _begin(self) -> Transaction:
        # BEGIN has no effect of its own, so a lost one is sent again. It is
        # explicit also because DBUtils repeats statements on a new connection
        # unless begin() was called.
        self._refuse_inside_a_unit()
        try:
            return self._begin_on(self.lender.borrow("acquire_to_begin"))
        except ConnectionLost as error:
            self._note_replay("begin", error)
            return self._begin_on(self.lender.borrow_living())

    def _begin_on(self, tx: Transaction) -> Transaction:
        try:
            with sending("BEGIN"), _deadline(tx.connection):
                tx.connection.begin()
        except BaseException as error:
            self._give_up(tx, error)
            self._raise_in_our_words(error)
        tx.has_begun = True
        return tx

    def _commit(self, tx: Transaction) -> None:
        try:
            with sending("COMMIT"):
                tx.connection.commit()
        except BaseException as error:
            self._give_up(tx, error)
            if isinstance(error, self.lender.driver_error) and outcome_of(error) == "unknown":
                raise OutcomeUnknown(str(error)) from error
            self._raise_in_our_words(error)
        self.lender.give_back(tx)

    def _roll_back(self, tx: Transaction) -> None:
        try:
            if tx.is_usable:
                tx.is_usable = False
                with sending("ROLLBACK"):
                    tx.connection.rollback()
                tx.is_usable = True
        except self.lender.driver_error as error:
            tx.failure = tx.failure or error  # what led here is raised, this one is only noted
        finally:
            self.lender.give_back(tx)

    def _give_up(self, tx: Transaction, error: BaseException) -> None:
        tx.failure = error
        self.lender.discard(tx)

    def _refuse_inside_a_unit(self) -> None:
        if getattr(self.lender.thread, "in_unit", False):
            raise RuntimeError("a unit of work is open in this thread: use its transaction")

    def _raise_in_our_words(self, error: BaseException) -> NoReturn:
        if isinstance(error, self.lender.driver_error):
            raise translate(error) from error
        raise error

    def _note_replay(self, what: str, error: DatabaseError) -> None:
        self.lender.counters.add(f"replayed_{what}")
        log.warning("%s replayed on another connection after: %s", what, error)


def _deadline(connection: Connection) -> AbstractContextManager[None]:
    """Bound the first answer of a connection that its strategy does not quite trust."""
    seconds = getattr(connection, "first_answer_within_seconds", None)
    bound: Callable[[float], AbstractContextManager[None]] | None = getattr(
        connection, "answer_within", None
    )
    return bound(seconds) if bound and seconds else nullcontext()
