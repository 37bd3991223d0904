"""A PEP 249 connection for code that wants cursors, with `Database` behind it.

    with database.connection() as connection:
        cursor = connection.cursor()
        cursor.execute("UPDATE student SET active = 0 WHERE student_id = %s", (7,))
        connection.commit()

As in PEP 249 a transaction begins with the first statement, and what was not committed when the
block ends is rolled back. Statements raise the driver's own errors. `commit` raises what
`Database.transaction` raises: `ConnectionLost`, `OutcomeUnknown`.
"""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from .instrumentation import executing
from .transaction import Transaction


class ManagedConnection:
    """One checked-out connection; `autocommit` sends no BEGIN."""

    def __init__(
        self,
        begin: Callable[[], Transaction],
        commit: Callable[[Transaction], None],
        rollback: Callable[[Transaction], None],
    ) -> None:
        self._begin = begin
        self._commit = commit
        self._rollback = rollback
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
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            self._rollback(transaction)

    def close(self) -> None:
        """Roll back and return the connection; it cannot be used any more."""
        self._is_closed = True
        self.rollback()

    def transaction(self) -> Transaction:
        """Return the open transaction, and begin one if there is none."""
        if self._is_closed:
            raise RuntimeError("the connection was returned: use it inside its block")
        if self._transaction is None:
            self._transaction = self._begin()
        return self._transaction


class ManagedCursor:
    """A driver's cursor that begins the transaction and records failures."""

    def __init__(self, connection: ManagedConnection, arguments: tuple[Any, ...]) -> None:
        self._connection = connection
        self._arguments = arguments
        self._transaction: Transaction | None = None
        self._cursor: Any = None

    def execute(self, sql: str, params: Any = None) -> Any:
        """Run a statement; raises the driver's errors."""
        return self._call("execute", sql, params)

    def executemany(self, sql: str, params: Any) -> Any:
        """Run a statement once for each item of `params`; raises the driver's errors."""
        return self._call("executemany", sql, params)

    def callproc(self, name: str, params: Any = ()) -> Any:
        """Call a stored procedure; raises the driver's errors."""
        return self._call("callproc", name, params)

    def __getattr__(self, name: str) -> Any:
        # Results can be fetched after the commit, as from any buffered cursor.
        return getattr(self._cursor or self._driver_cursor(), name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor or self._driver_cursor())

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
        """Close the driver's cursor."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None and self._transaction is not None and self._transaction.is_usable:
            cursor.close()

    def _call(self, method: str, sql: str, params: Any) -> Any:
        cursor = self._driver_cursor()
        transaction = self._connection.transaction()
        transaction.check()
        try:
            with executing(sql):
                return getattr(cursor, method)(sql, params)
        except BaseException as error:
            transaction.fail(error)
            if transaction.is_usable and not transaction.has_begun:
                transaction.failure = None  # in autocommit mode nothing was lost with it
            raise

    def _driver_cursor(self) -> Any:
        transaction = self._connection.transaction()
        if transaction is not self._transaction:
            self._transaction = transaction
            self._cursor = transaction.connection.cursor(*self._arguments)
        return self._cursor
