"""Runs the migrations over a connection opened like the application's.

The revisions in `versions/` contain one DDL statement each. A run holds the lock in `lock.py`, so
replicas that start at the same time migrate one after the other, and the later ones find nothing
to do. `MIGRATION_DATABASE_URL` names a separate account for it.
"""

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
from migrations.conflicts import retry
from migrations.lock import TABLE as LOCK_TABLE
from migrations.lock import MigrationLock

LOCK_WAIT_SECONDS = 60
# Rebuilding a large table takes longer than the read timeout of queries.
READ_TIMEOUT_SECONDS = 86400
TRUST_CREATORS_MESSAGE = (
    "the server does not allow this account to create triggers and functions (1419), because it has"
    " binary logging enabled or is a node of a Galera cluster; as an administrator run"
    " SET GLOBAL log_bin_trust_function_creators = 1, in a cluster on every node, add it to the"
    " servers' configuration, then repeat this command"
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
def connected(settings: Settings, connector: Connector) -> Iterator[Connection]:
    """Open the connection for the whole run; driver errors become messages of one line."""
    engine = create_engine("mysql+pymysql://", creator=connector, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        cause = error.orig
        if isinstance(cause, pymysql.err.OperationalError):
            code, message = cause.args
            reason = f"{settings.database_url}: {message} ({code})"
            raise CommandError(TRUST_CREATORS_MESSAGE if code == 1419 else reason) from None
        raise


def log_step(*, step: Any, **_: Any) -> None:
    """Log a completed revision."""
    if step.is_stamp:
        return
    revision = step.up_revision
    action = "applied" if step.is_upgrade else "reverted"
    log.info("%s %s %s", action, revision.revision, revision.doc.rstrip("."))


def check_is_ours(connection: Connection, database: str) -> None:
    """Raise `CommandError` for a database with tables that this service did not create."""
    tables = set(connection.scalars(text("SHOW TABLES"))) - {LOCK_TABLE}
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
    database, connector = settings.database_url.name, Connector(settings.database_config())
    options = context.get_x_argument(as_dictionary=True)
    wait = float(options.get("lock_wait", LOCK_WAIT_SECONDS))
    with connected(settings, connector) as connection:
        lock = MigrationLock(connection, database, connector)
        with lock.on_this_server(wait):
            check_is_ours(connection, database)
            with lock.on_all_servers(wait):
                migrate(connection, lock)


def migrate(connection: Connection, lock: MigrationLock) -> None:
    """Run the revisions; before each one, the lock is checked.

    A revision that conflicts with writes of others runs again.
    """

    def note_step(**step: Any) -> None:
        log_step(**step)
        lock.check()

    def run_revisions() -> None:
        context.configure(connection=connection, on_version_apply=note_step)
        with context.begin_transaction():
            context.run_migrations()

    retry(connection, run_revisions)
    now, head = context.get_context().get_current_revision(), context.get_head_revision()
    connection.commit()
    if now == head:
        log.info("schema is current (%s)", now)
    else:
        log.info("schema is at %s; the newest revision is %s", now or "no revision", head)


if context.is_offline_mode():
    raise CommandError("--sql is not supported: the migrations require a connection")
run()
