"""Runs the migrations over a connection opened like the application's.

The revisions in `versions/` contain one DDL statement each. A run holds a lock on the server, so
replicas that start at the same time migrate one after the other, and the later ones find nothing
to do. `MIGRATION_DATABASE_URL` names a separate account for it.
"""

import hashlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from app.db.connector import Connector
from app.settings import BadSettings, Settings, load_settings

LOCK_WAIT_SECONDS = 60
# Rebuilding a large table takes longer than the read timeout of queries.
READ_TIMEOUT_SECONDS = 86400
BINARY_LOG_MESSAGE = (
    "the server has binary logging enabled and does not allow this account to create triggers and"
    " functions (1419); as an administrator run SET GLOBAL log_bin_trust_function_creators = 1,"
    " then repeat this command"
)

log = logging.getLogger("migrations")


def configure_logging() -> None:
    """Log one line per revision to stderr, unless the caller has configured logging."""
    log.setLevel(logging.INFO)
    if not log.hasHandlers():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)


def read_settings() -> Settings:
    """Return the service's settings with the driver and the read timeout for migrations."""
    try:
        settings = load_settings()
    except BadSettings as error:
        raise CommandError(str(error)) from None
    return settings.for_migrations().model_copy(
        update={"db_driver": "pymysql", "db_read_timeout_seconds": READ_TIMEOUT_SECONDS}
    )


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    """Open the connection for the whole run; driver errors become messages of one line."""
    engine = create_engine(
        "mysql+pymysql://", creator=Connector(settings.database_config()), poolclass=NullPool
    )
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        cause = error.orig
        if isinstance(cause, pymysql.err.OperationalError):
            code, message = cause.args
            reason = f"{settings.database_url}: {message} ({code})"
            raise CommandError(BINARY_LOG_MESSAGE if code == 1419 else reason) from None
        raise


@contextmanager
def exclusive(connection: Connection, database: str) -> Iterator[None]:
    """Hold a lock on the server for this database; a killed process releases it."""
    name = f"migrations of {database}"
    if len(name) > 64:  # limit of GET_LOCK
        name = hashlib.sha256(name.encode()).hexdigest()
    wait = float(context.get_x_argument(as_dictionary=True).get("lock_wait", LOCK_WAIT_SECONDS))
    if not _lock(connection, name, 0):
        log.info("another migration of %s is running; waiting up to %g s", database, wait)
        if not _lock(connection, name, wait):
            raise CommandError(
                f"another migration of {database} is still running after {wait:g} s;"
                " wait until it has finished, or find its connection with SHOW PROCESSLIST"
            )
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})
            connection.commit()


def _lock(connection: Connection, name: str, seconds: float) -> bool:
    statement = text("SELECT GET_LOCK(:name, :seconds)")
    result = connection.scalar(statement, {"name": name, "seconds": seconds})
    connection.commit()  # ends SQLAlchemy's transaction; the lock belongs to the session
    return bool(result == 1)


def log_step(*, step: Any, **_: Any) -> None:
    """Log a completed revision."""
    if step.is_stamp:
        return
    revision = step.up_revision
    action = "applied" if step.is_upgrade else "reverted"
    log.info("%s %s %s", action, revision.revision, revision.doc.rstrip("."))


def check_is_ours(connection: Connection, database: str) -> None:
    """Raise `CommandError` for a database with tables that this service did not create."""
    tables = set(connection.scalars(text("SHOW TABLES")))
    connection.commit()
    if tables and "alembic_version" not in tables:
        raise CommandError(
            f"{database} contains {len(tables)} tables and was never migrated by this service;"
            " nothing was changed. Use an empty database in DATABASE_URL"
        )


def run() -> None:
    """Run the alembic command under the lock, and log the revision of the schema afterwards."""
    configure_logging()
    settings = read_settings()
    with connected(settings) as connection, exclusive(connection, settings.database_url.name):
        check_is_ours(connection, settings.database_url.name)
        context.configure(connection=connection, on_version_apply=log_step)
        with context.begin_transaction():
            context.run_migrations()
        now, head = context.get_context().get_current_revision(), context.get_head_revision()
        connection.commit()
        if now == head:
            log.info("schema is current (%s)", now)
        else:
            log.info("schema is at %s; the newest revision is %s", now or "no revision", head)


if context.is_offline_mode():
    raise CommandError("--sql is not supported: the migrations require a connection")
run()
