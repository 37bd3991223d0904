"""MySQL and MariaDB connections that survive idle timeouts, restarts, failovers and firewalls.

    database = Database.from_url("mysql://app:secret@127.0.0.1/students")
    student = database.fetch_one("SELECT * FROM student WHERE student_id = %s", (7,))
    with database.transaction() as tx:
        tx.execute("UPDATE student SET active = 0 WHERE student_id = %s", (7,))

The package is self-contained: it imports nothing of the project it lies in, so the folder can be
copied and renamed. It requires PyMySQL; DBUtils, SQLAlchemy, Flask and mysqlclient are optional.
"""

from .config import ConfigError, DatabaseConfig
from .database import Database
from .errors import (
    AccessDenied,
    CheckViolated,
    ConnectionLost,
    ConstraintViolation,
    DatabaseError,
    DatabaseUnavailable,
    DuplicateKey,
    InvalidValue,
    KeysExhausted,
    MissingReference,
    OutcomeUnknown,
    PoolExhausted,
    ReadOnlyServer,
    ServerNotReady,
    StatementInterrupted,
    StatementRejected,
    StatementTimedOut,
    StillReferenced,
    StorageFailed,
    TableMissing,
    TransactionConflict,
)
from .managed_connection import ManagedConnection
from .strategy import Checkout, ConnectionStrategy, Purpose
from .transaction import Reader, Transaction
from .url import DatabaseUrl

__all__ = [
    "AccessDenied",
    "CheckViolated",
    "Checkout",
    "ConfigError",
    "ConnectionLost",
    "ConnectionStrategy",
    "ConstraintViolation",
    "Database",
    "DatabaseConfig",
    "DatabaseError",
    "DatabaseUnavailable",
    "DatabaseUrl",
    "DuplicateKey",
    "InvalidValue",
    "KeysExhausted",
    "ManagedConnection",
    "MissingReference",
    "OutcomeUnknown",
    "PoolExhausted",
    "Purpose",
    "ReadOnlyServer",
    "Reader",
    "ServerNotReady",
    "StatementInterrupted",
    "StatementRejected",
    "StatementTimedOut",
    "StillReferenced",
    "StorageFailed",
    "TableMissing",
    "Transaction",
    "TransactionConflict",
]
