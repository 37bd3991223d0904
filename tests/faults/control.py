"""What an operator, or an accident, does to a running database server.

Stopping, starting and killing the process are the server's own (`dev.private_server`); here is
what is done from inside, as the administrator, and the pause that looks like a hung machine.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pymysql

from app.db.url import DatabaseUrl
from tests.support.server import DatabaseServer

TOO_MANY = 1040
PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Session:
    """One session at the server; `client_port` is the other end of its flow, 0 on a socket."""

    session_id: int
    client_port: int


class Control:
    """The administrator of one server, who watches the sessions of the user in a URL."""

    def __init__(self, server: DatabaseServer, url: str) -> None:
        self.server = server
        self._user = DatabaseUrl.parse(url).user

    def query(self, sql: str, params: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement on a connection of its own."""
        with closing(self._connect()) as root, root.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def sessions(self) -> list[Session]:
        """List the sessions of the user that is watched."""
        rows = self.query(
            "SELECT id, host FROM information_schema.processlist WHERE user = %s", (self._user,)
        )
        return [Session(int(number), _port(host)) for number, host in rows]

    def kill_sessions(self, *, query_only: bool = False) -> int:
        """KILL all their connections, or only what runs on them; returns how many."""
        sessions = self.sessions()
        with closing(self._connect()) as root, root.cursor() as cursor:
            for session in sessions:
                with suppress(pymysql.err.OperationalError):  # 1094: it ended by itself
                    what = "QUERY" if query_only else "CONNECTION"
                    cursor.execute(f"KILL {what} {session.session_id}")
        return len(sessions)

    def status(self, name: str) -> int:
        """Read one of the server's own counters."""
        [(_, value)] = self.query("SHOW GLOBAL STATUS LIKE %s", (name,))
        return int(value)

    def version(self) -> str:
        """Read the server's version, such as 9.7.1."""
        [(version,)] = self.query("SELECT VERSION()")
        return str(version).partition("-")[0]

    @contextmanager
    def variables(self, **values: object) -> Iterator[None]:
        """Set global variables for the time of the block; new sessions get them."""
        before = {name: self._variable(name) for name in values}
        self._set(values)
        try:
            yield
        finally:
            self._set(before)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the server's process without ending it; its sockets stay open and silent."""
        pid = self.server.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def password_changed(self) -> Iterator[None]:
        """Give the user another password for the time of the block; its sessions live on."""
        own = self.server.secret(f"{self._user}_password")
        change = "ALTER USER %s@'%%' IDENTIFIED BY %s"
        self.query(change, (self._user, "another one, which nobody was told"))
        try:
            yield
        finally:
            self.query(change, (self._user, own))

    def wait_for_sessions(self, count: int, *, seconds: float = 5) -> None:
        """Wait until the user has at most so many sessions."""
        deadline = time.monotonic() + seconds
        while len(self.sessions()) > count and time.monotonic() < deadline:
            time.sleep(0.02)

    def wait_for_units(self, count: int, *, seconds: float = 8) -> None:
        """Wait until so many units have written something, and are still open."""
        deadline = time.monotonic() + seconds
        while (found := self._open_units()) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{found} of {count} units have begun after {seconds} s")
            time.sleep(0.15)  # who reads MariaDB's table more often is given the same again

    def _open_units(self) -> int:
        sql = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0"
        [(count,)] = self.query(sql)
        return int(count)

    def _connect(self) -> "pymysql.Connection[Any]":
        """Connect, also where others take all the room there is for the administrator."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.server.connect(read_timeout=20)
            except pymysql.err.OperationalError as error:
                if error.args[0] != TOO_MANY or time.monotonic() > deadline:
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
