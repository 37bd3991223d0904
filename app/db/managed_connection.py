"""A PEP 249 connection for code that wants cursors, with `Database` behind it.

    with database.connection() as connection:
        cursor = connection.cursor()
        cursor.execute("UPDATE student SET active = 0 WHERE student_id = %s", (7,))
        connection.commit()

As in PEP 249 a transaction begins with the first statement, and what was not committed when the
block ends is rolled back. Statements raise the driver's own errors. `commit` raises what
`Database.transaction` raises: `ConnectionLost`, `OutcomeUnknown`. After a lost connection, a
deadlock or a lock timeout every further statement raises that error until `rollback`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from .connection import driver_connection
from .instrumentation import executing
from .transaction import Transaction


class ManagedConnection:
    """One checked-out connection; `autocommit` sends no BEGIN."""

    def __init__(
        self,
        begin: Callable[[], Transaction],
        commit: Callable[[Transaction], None],
        rollback: Callable[[Transaction], None],
        *,
        autocommit: bool,
    ) -> None:
        self._begin = begin
        self._commit = commit
        self._rollback = rollback
        self._autocommit = autocommit
        self._transaction: Transaction | None = None
        self._is_closed = False

    def cursor(self, *arguments: Any) -> "ManagedCursor":
        """Return a cursor; arguments are the driver's, such as a cursor class."""
        return ManagedCursor(self, arguments)

    def commit(self) -> None:
        """Commit what was executed since the last commit or rollback."""
        if self._transaction is not None:
            self._transaction.check()
            transaction, self._transaction = self._transaction, None
            self._commit(transaction)

    def rollback(self) -> None:
        """Roll back what was executed since the last commit; never raises a driver's error."""
        self._end()

    def close(self) -> None:
        """Roll back and return the connection; it cannot be used any more."""
        self._is_closed = True
        self._end()

    def transaction(self) -> Transaction:
        """Return the open transaction, and begin one if there is none."""
        if self._is_closed:
            raise RuntimeError("the connection was returned: use it inside its block")
        if self._transaction is None:
            self._transaction = self._begin()
        return self._transaction

    def _end(self) -> None:
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            self._rollback(transaction)

    def is_open(self, transaction: Transaction) -> bool:
        """Return whether this transaction still holds the connection."""
        return transaction is self._transaction

    def fail(self, transaction: Transaction, error: BaseException) -> None:
        """Record an error; in autocommit it ends no transaction, unless the connection is lost."""
        transaction.fail(error)
        if self._autocommit and transaction.is_usable:
            transaction.failure = None


class ManagedCursor:
    """A driver's cursor that begins the transaction and records failures.

    Results stay available after the commit, until the next statement.
    """

    def __init__(self, connection: ManagedConnection, arguments: tuple[Any, ...]) -> None:
        self._connection = connection
        self._arguments = arguments
        self._transaction: Transaction | None = None
        self._cursor: Any = None

    @property
    def description(self) -> Any:
        """The columns of the last result, as in PEP 249."""
        return None if self._cursor is None else self._cursor.description

    @property
    def rowcount(self) -> int:
        """The number of rows matched or fetched by the last statement, -1 before the first."""
        return -1 if self._cursor is None else int(self._cursor.rowcount)

    @property
    def lastrowid(self) -> int | None:
        """The last generated key."""
        return None if self._cursor is None else self._cursor.lastrowid

    def execute(self, sql: str, params: Any = None) -> Any:
        """Run a statement; raises the driver's errors."""
        return self._execute("execute", sql, params)

    def executemany(self, sql: str, params: Any) -> Any:
        """Run a statement once for each item of `params`; raises the driver's errors."""
        return self._execute("executemany", sql, params)

    def callproc(self, name: str, params: Any = ()) -> Any:
        """Call a stored procedure; raises the driver's errors."""
        return self._execute("callproc", name, params)

    def fetchone(self) -> Any:
        """Return the next row, or None; raises the driver's errors."""
        return self._fetch("fetchone")

    def fetchmany(self, *size: int) -> Any:
        """Return the next rows; raises the driver's errors."""
        return self._fetch("fetchmany", *size)

    def fetchall(self) -> Any:
        """Return the remaining rows; raises the driver's errors."""
        return self._fetch("fetchall")

    def nextset(self) -> Any:
        """Skip to the next result; raises the driver's errors."""
        return self._fetch("nextset")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._last_cursor(), name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchone, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the driver's cursor; an unbuffered result is read to its end."""
        cursor, self._cursor = self._cursor, None
        transaction, self._transaction = self._transaction, None
        # After the commit another thread may have the connection.
        if transaction is None or not self._connection.is_open(transaction):
            return
        if transaction.is_usable:
            with self._recording_failure(transaction):
                cursor.close()

    def _execute(self, method: str, sql: str, params: Any) -> Any:
        transaction = self._connection.transaction()
        transaction.check()
        if transaction is not self._transaction:
            self._cursor = _cursor_of(transaction, self._arguments)
            self._transaction = transaction
        # The drivers pass the arguments of `callproc` in user variables. Bytes are not examined.
        transaction.note_statement(f"{method} {sql}" if method == "callproc" else str(sql))
        with self._recording_failure(transaction), executing(sql):
            return getattr(self._cursor, method)(sql, params)

    def _fetch(self, method: str, *arguments: Any) -> Any:
        cursor = self._last_cursor()
        if self._transaction is None or not self._connection.is_open(self._transaction):
            return getattr(cursor, method)(*arguments)
        with self._recording_failure(self._transaction):
            return getattr(cursor, method)(*arguments)

    def _last_cursor(self) -> Any:
        """Return the driver's cursor of the last statement; before the first, create one."""
        if self._cursor is None:
            self._transaction = self._connection.transaction()
            self._cursor = _cursor_of(self._transaction, self._arguments)
        return self._cursor

    @contextmanager
    def _recording_failure(self, transaction: Transaction) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._connection.fail(transaction, error)
            raise


def _cursor_of(transaction: Transaction, arguments: tuple[Any, ...]) -> Any:
    connection: Any = driver_connection(transaction.connection)
    return connection.cursor(*arguments)
