"""Runs the migrations on a connection like the application's, with an account of their own.

What a revision does stands in `versions/`, one DDL statement each, in order. Replicas
that start together take turns: a lock on the server is held around the run, and whoever
comes second finds nothing to do.
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
# A statement that rebuilds a large table is silent for longer than any query may be.
STATEMENT_SECONDS = 86400
NO_TRUST = (
    "the server keeps a binary log and lets only trusted accounts create triggers and functions"
    " (1419); run as its administrator: SET GLOBAL log_bin_trust_function_creators = 1,"
    " then repeat this command"
)

log = logging.getLogger("migrations")


def configure_logging() -> None:
    """One line a step, on stderr, unless the caller has set up logging of its own."""
    log.setLevel(logging.INFO)
    if not log.hasHandlers():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)


def read_settings() -> Settings:
    """Take the service's settings, with the driver and the patience that migrations need."""
    try:
        settings = load_settings()
    except BadSettings as error:
        raise CommandError(str(error)) from None
    return settings.for_migrations().model_copy(
        update={"db_driver": "pymysql", "db_read_timeout_seconds": STATEMENT_SECONDS}
    )


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    """One connection for the whole run; the driver's errors come out as one line."""
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
            known = NO_TRUST if code == 1419 else f"{settings.database_url}: {message} ({code})"
            raise CommandError(known) from None
        raise


@contextmanager
def alone(connection: Connection, database: str) -> Iterator[None]:
    """Hold the server-side lock of this database; the server frees it if we are killed."""
    name = f"migrations of {database}"
    if len(name) > 64:  # the servers' limit
        name = hashlib.sha256(name.encode()).hexdigest()
    wait = float(context.get_x_argument(as_dictionary=True).get("lock_wait", LOCK_WAIT_SECONDS))
    if not _lock(connection, name, 0):
        log.info("another migration of %s is running; waiting up to %g s", database, wait)
        if not _lock(connection, name, wait):
            raise CommandError(
                f"another migration of {database} is still running after {wait:g} s;"
                " wait for it, or look for its connection with SHOW PROCESSLIST"
            )
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})
            connection.commit()


def _lock(connection: Connection, name: str, seconds: float) -> bool:
    asked = text("SELECT GET_LOCK(:name, :seconds)")
    got = connection.scalar(asked, {"name": name, "seconds": seconds})
    connection.commit()  # ends SQLAlchemy's transaction; the lock belongs to the session
    return bool(got == 1)


def report(*, step: Any, **_: Any) -> None:
    """Log a step when it is done."""
    if step.is_stamp:
        return
    revision = step.up_revision
    done = "applied" if step.is_upgrade else "undone"
    log.info("%s %s %s", done, revision.revision, revision.doc.rstrip("."))


def refuse_somebody_elses(connection: Connection, database: str) -> None:
    """Leave a database alone that holds tables and was never migrated, such as a real Sakila."""
    tables = set(connection.scalars(text("SHOW TABLES")))
    connection.commit()
    if tables and "alembic_version" not in tables:
        raise CommandError(
            f"{database} holds {len(tables)} tables and was never migrated by this service;"
            " nothing was changed. Name an empty database in DATABASE_URL"
        )


def run() -> None:
    """Do what the alembic command asks, alone, and say where the schema is then."""
    configure_logging()
    settings = read_settings()
    with connected(settings) as connection, alone(connection, settings.database_url.name):
        refuse_somebody_elses(connection, settings.database_url.name)
        context.configure(connection=connection, on_version_apply=report)
        with context.begin_transaction():
            context.run_migrations()
        now, head = context.get_context().get_current_revision(), context.get_head_revision()
        connection.commit()
        if now == head:
            log.info("schema is current (%s)", now)
        else:
            log.info("schema is at %s; the newest is %s", now or "nothing", head)


if context.is_offline_mode():
    raise CommandError("--sql is not offered: the migrations need a connection; leave it out")
run()
