"""Administrator of a database server: KILL, server variables, passwords, process suspension.

Starting, stopping and killing the server process belong to `dev.private_server`.
"""

import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

import pymysql

from app.db.url import DatabaseUrl
from tests.support.server import DatabaseServer

ER_CON_COUNT_ERROR = 1040
CONNECT_SECONDS = 10
SECONDS_BETWEEN_COUNTS = 0.05


@dataclass(frozen=True, slots=True)
class Session:
    """One server session; `client_port` is 0 for a Unix socket."""

    session_id: int
    client_port: int


@dataclass(slots=True)
class RunningStatements:
    """The highest number of statements that ran at the same time in two consecutive counts."""

    most: int = 0


class ServerAdmin:
    """Administrator of one server, who monitors the sessions of the user in a URL."""

    def __init__(self, server: DatabaseServer, url: str) -> None:
        self.server = server
        self._user = DatabaseUrl.parse(url).user

    def query(self, sql: str, params: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement on a new connection."""
        with closing(self._connect()) as root, root.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def sessions(self) -> list[Session]:
        """Return the sessions of the monitored user."""
        rows = self.query(
            "SELECT id, host FROM information_schema.processlist WHERE user = %s", (self._user,)
        )
        return [Session(int(number), _port(host)) for number, host in rows]

    def kill_sessions(self, *, query_only: bool = False) -> int:
        """Kill all sessions of the monitored user, or only their queries; return their number."""
        sessions = self.sessions()
        with closing(self._connect()) as root, root.cursor() as cursor:
            for session in sessions:
                with suppress(pymysql.err.OperationalError):  # 1094: it has already ended
                    scope = "QUERY" if query_only else "CONNECTION"
                    cursor.execute(f"KILL {scope} {session.session_id}")
        return len(sessions)

    def running_statements(self) -> int:
        """Return how many statements of the monitored user the server is running."""
        sql = (
            "SELECT COUNT(*) FROM information_schema.processlist "
            "WHERE user = %s AND command = 'Query'"
        )
        [(count,)] = self.query(sql, (self._user,))
        return int(count)

    @contextmanager
    def counting_statements(self) -> Iterator[RunningStatements]:
        """Count the running statements of the monitored user until the block ends."""
        counted, stop = RunningStatements(), Event()

        def count() -> None:
            # Those that have just been killed may still be listed for a moment.
            latest = deque([0], maxlen=4)
            while not stop.wait(SECONDS_BETWEEN_COUNTS):
                latest.append(self.running_statements())
                counted.most = max(counted.most, min(latest))

        with ThreadPoolExecutor(1) as pool:
            counting = pool.submit(count)
            try:
                yield counted
            finally:
                stop.set()
        counting.result()

    def status(self, name: str) -> int:
        """Return a status variable of the server."""
        [(_, value)] = self.query("SHOW GLOBAL STATUS LIKE %s", (name,))
        return int(value)

    def version(self) -> str:
        """Return the server's version, such as 9.7.1."""
        [(version,)] = self.query("SELECT VERSION()")
        return str(version).partition("-")[0]

    @contextmanager
    def variables(self, **values: object) -> Iterator[None]:
        """Set global variables until the block ends; new sessions use them."""
        before = {name: self._variable(name) for name in values}
        self._set(values)
        try:
            yield
        finally:
            self._set(before)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspend the server process (SIGSTOP) until the block ends; its sockets stay open."""
        pid = self.server.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def password_changed(self) -> Iterator[None]:
        """Change the user's password until the block ends; existing sessions continue."""
        original = self.server.secret(f"{self._user}_password")
        change = "ALTER USER %s@'%%' IDENTIFIED BY %s"
        self.query(change, (self._user, "a different password"))
        try:
            yield
        finally:
            self.query(change, (self._user, original))

    def wait_for_sessions(self, count: int, *, seconds: float = 5) -> None:
        """Wait until the user has at most this many sessions."""
        deadline = time.monotonic() + seconds
        while len(self.sessions()) > count and time.monotonic() < deadline:
            time.sleep(0.02)

    def wait_for_transactions(self, count: int, *, seconds: float = 8) -> None:
        """Wait until this many open transactions have written a row."""
        deadline = time.monotonic() + seconds
        while (found := self._open_transactions()) < count:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{found} of {count} transactions have started after {seconds} s"
                )
            time.sleep(0.15)  # MariaDB caches the contents of this table for 0.1 s

    def _open_transactions(self) -> int:
        sql = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0"
        [(count,)] = self.query(sql)
        return int(count)

    def _connect(self) -> "pymysql.Connection[Any]":
        """Connect, retrying while even the connection reserved for administrators is in use."""
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                return self.server.connect(read_timeout=20)
            except pymysql.err.OperationalError as error:
                if error.args[0] != ER_CON_COUNT_ERROR or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def _variable(self, name: str) -> object:
        [(value,)] = self.query(f"SELECT @@GLOBAL.{name}")
        return value

    def _set(self, values: dict[str, object]) -> None:
        for name, value in values.items():
            self.query(f"SET GLOBAL {name} = %s", (value,))


def _port(host: str) -> int:
    port = host.rpartition(":")[2]
    return int(port) if port.isdigit() else 0
