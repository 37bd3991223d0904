"""Lets one process at a time migrate a database, whichever server it is connected to.

GET_LOCK excludes the processes on the same server, and a killed process releases it at once. But
the nodes of a cluster do not know each other's. The process that has it therefore also takes a
lease, a row in `migration_lock`, which is replicated: of two nodes that write it, one is rejected.

A lease has no expiry time, since the clocks of two servers may differ. Its holder increments
`heartbeat` instead, in a thread of its own while a statement runs. Another process takes the lease
over if the heartbeat does not change in `SILENT_POLLS` polls. Each poll writes a row itself, and
thus waits as long as the holder does while the cluster executes a DDL statement. If the lease was
taken on the same server, its holder has ended, because it has lost its GET_LOCK: there is no wait.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, NamedTuple
from uuid import uuid4

import pymysql
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.db.clock import Deadline

TABLE = "migration_lock"
HEARTBEAT_SECONDS = 4.0
POLL_SECONDS = 0.5
SILENT_POLLS = 40
CONFLICTS = (1205, 1213)
# One of these differs between any two servers.
IDENTITY = ("hostname", "port", "datadir", "server_uuid", "wsrep_node_address", "wsrep_node_name")
DDL = f"""
    CREATE TABLE IF NOT EXISTS {TABLE} (
      migration_lock_id TINYINT UNSIGNED NOT NULL,
      holder CHAR(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
      server CHAR(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
      heartbeat BIGINT UNSIGNED NOT NULL DEFAULT 0,
      last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
      PRIMARY KEY (migration_lock_id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
"""
LEASE, POLL = 1, 2  # the keys of the two rows
BEAT = f"UPDATE {TABLE} SET heartbeat = heartbeat + 1 WHERE migration_lock_id = {LEASE}"  # noqa: S608

log = logging.getLogger("migrations")


class _Lease(NamedTuple):
    """The holder of the lease, its server, and its last heartbeat; None if nobody holds it."""

    holder: str | None
    server: str | None
    heartbeat: int


class MigrationLock:
    """The lock of one process on the database of its connection.

    `open_another` opens a further connection of the driver, in autocommit.
    """

    def __init__(
        self, connection: Connection, database: str, open_another: Callable[[], Any]
    ) -> None:
        self._connection = connection
        self._database = database
        self._open_another = open_another
        self._me = uuid4().hex

    @contextmanager
    def on_this_server(self, wait_seconds: float) -> Iterator[None]:
        """Hold GET_LOCK; a killed process releases it. Raises `CommandError` after the wait."""
        name = f"migrations of {self._database}"
        if len(name) > 64:  # limit of GET_LOCK
            name = hashlib.sha256(name.encode()).hexdigest()
        if not self._get_lock(name, 0):
            self._log_wait(wait_seconds)
            if not self._get_lock(name, wait_seconds):
                raise self._still_running(wait_seconds)
        try:
            yield
        finally:
            if not self._connection.invalidated:
                self._run("SELECT RELEASE_LOCK(:name)", name=name)

    @contextmanager
    def on_all_servers(self, wait_seconds: float) -> Iterator[None]:
        """Hold the lease; raises `CommandError` after the wait. Requires `on_this_server`."""
        self._take(wait_seconds)
        stop = threading.Event()
        thread = threading.Thread(target=self._beat_until, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(HEARTBEAT_SECONDS)
            if not self._connection.invalidated:
                self._update("holder = NULL, server = NULL", "holder = :me")

    def check(self) -> None:
        """Renew the lease; raise `CommandError` if another process has taken it over."""
        if not self._update("heartbeat = heartbeat + 1", "holder = :me"):
            raise CommandError(
                f"another migration of {self._database} has started, because this one was"
                " suspended or disconnected for too long; run the command again"
            )

    def _take(self, wait_seconds: float) -> None:
        self._create()
        server, deadline = self._server(), Deadline(wait_seconds)
        last, silent_polls = None, 0
        while True:
            lease = self._read()
            silent_polls = silent_polls + 1 if lease == last else 0
            has_ended = lease.server == server or silent_polls >= SILENT_POLLS
            if (lease.holder is None or has_ended) and self._replace(lease, server):
                return
            if last is None and lease.holder is not None:
                self._log_wait(wait_seconds)
            if deadline.is_over():
                raise self._still_running(wait_seconds)
            last = lease
            time.sleep(POLL_SECONDS)
            self._write_poll()

    def _create(self) -> None:
        if self._connection.scalar(text(f"SHOW TABLES LIKE '{TABLE}'")) is None:
            self._run(DDL)
        for key in (LEASE, POLL):
            with _conflicts_ignored():
                self._run(f"INSERT IGNORE INTO {TABLE} (migration_lock_id) VALUES ({key})")  # noqa: S608

    def _server(self) -> str:
        """Return what identifies the server among all that may be in its cluster."""
        names = ", ".join(f"'{name}'" for name in IDENTITY)
        rows = self._run(f"SHOW VARIABLES WHERE Variable_name IN ({names})").all()
        return hashlib.sha256(repr(sorted(map(tuple, rows))).encode()).hexdigest()

    def _read(self) -> _Lease:
        row = self._run(
            f"SELECT holder, server, heartbeat FROM {TABLE} WHERE migration_lock_id = {LEASE}"  # noqa: S608
        ).one()
        return _Lease(*row)

    def _replace(self, lease: _Lease, server: str) -> bool:
        """Take the lease, unless it has changed since it was read; return whether it was taken."""
        with _conflicts_ignored():
            return self._update(
                "holder = :me, server = :server, heartbeat = heartbeat + 1",
                "holder <=> :holder AND heartbeat = :heartbeat",
                server=server, holder=lease.holder, heartbeat=lease.heartbeat,
            )  # fmt: skip
        return False

    def _write_poll(self) -> None:
        with _conflicts_ignored():
            self._run(
                f"UPDATE {TABLE} SET heartbeat = heartbeat + 1 WHERE migration_lock_id = {POLL}"  # noqa: S608
            )

    def _beat_until(self, stop: threading.Event) -> None:
        """Renew the lease until the end; failures are retried, since the lease lasts longer."""
        while not stop.wait(HEARTBEAT_SECONDS):
            with (
                suppress(pymysql.MySQLError),
                closing(self._open_another()) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(f"{BEAT} AND holder = %s", (self._me,))

    def _update(self, change: str, condition: str, **values: Any) -> bool:
        result = self._run(
            f"UPDATE {TABLE} SET {change} WHERE migration_lock_id = {LEASE} AND {condition}",  # noqa: S608
            me=self._me, **values,
        )  # fmt: skip
        return bool(result.rowcount)

    def _get_lock(self, name: str, seconds: float) -> bool:
        result = self._run("SELECT GET_LOCK(:name, :seconds)", name=name, seconds=seconds)
        return bool(result.scalar() == 1)

    def _run(self, sql: str, **values: Any) -> Any:
        result = self._connection.execute(text(sql), values)
        self._connection.commit()  # ends SQLAlchemy's transaction; the session is in autocommit
        return result

    def _log_wait(self, seconds: float) -> None:
        log.info("another migration of %s is running; waiting up to %g s", self._database, seconds)

    def _still_running(self, seconds: float) -> CommandError:
        return CommandError(
            f"another migration of {self._database} is still running after {seconds:g} s;"
            " wait until it has finished, or find its connection with SHOW PROCESSLIST"
        )


@contextmanager
def _conflicts_ignored() -> Iterator[None]:
    """Ignore that another node of the cluster has written the same row."""
    try:
        yield
    except DBAPIError as error:
        if error.orig is None or error.orig.args[0] not in CONFLICTS:
            raise
