"""A private database server that can be created, started, stopped, killed and recovered.

`make serve` keeps one in `var/`; the tests create temporary ones. It listens on 127.0.0.1 only,
its administrator's password is random and stored beside the data, and it ends with the process
that started it, even if that process is killed.

    with PrivateServer(folder, options={"wait_timeout": 2}) as server:
        url = server.create_database()
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pymysql

from dev import mysql_root as roots
from dev.find_server import find_server
from dev.keep import free_port, secret
from dev.launch import launch
from dev.server_binary import ServerBinary, environment, last_lines
from dev.system_packages import Stop

START_SECONDS = 60
STOP_SECONDS = 30
OWNER = "owner"
ROWS_ONLY = "SELECT, INSERT, UPDATE, DELETE, EXECUTE"


class PrivateServer:
    """One server and its folder; without a folder, a temporary one that `close` removes.

    `flavor` is `mariadb` (the system's program) or `mysql` (the program in the chroot
    `mysql_root`, with its data below `srv`). `port` 0 selects a free port, which survives
    restarts. `options` are server options such as `{"wait_timeout": 2}`; to apply a change, call
    `restart()`.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        folder: Path | str | None = None,
        *,
        port: int | None = 0,
        flavor: str = "mariadb",
        mysql_root: Path | str | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.binary = _binary(flavor, mysql_root)
        self.temporary = folder is None
        self._claim: int | None = None
        if folder:
            self.folder = Path(folder).resolve()
        elif self.binary.root:
            self.folder, self._claim = roots.new_folder(self.binary.root)
        else:
            self.folder = Path(tempfile.mkdtemp(prefix="private-server-"))
        self.port = port or free_port()
        self.options = dict(options or {})
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def version(self) -> str:
        """The program's version, such as 10.11.19."""
        return self.binary.version

    @property
    def pid(self) -> int:
        """The server's process ID; raises `Stop` if it is not running."""
        if self._process is None or self._process.poll() is not None:
            raise Stop(f"the private server in {self.folder} is not running")
        return self._process.pid

    @property
    def socket(self) -> Path:
        """The Unix socket; clients accept paths of at most 107 characters."""
        return self.data / "socket"

    def initialize(self) -> None:
        """Create the data folder if it is missing; an incomplete one is recreated."""
        self.folder.mkdir(parents=True, exist_ok=True)
        marker = self.folder / "initialized"
        if marker.exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.secret("root_password")
        accounts = [
            f"CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '{password}'",
            "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION",
        ]
        self.binary.initialize(self.data, accounts, self.log)
        marker.touch()

    def start(self) -> None:
        """Start the server and wait for it; raises `Stop` with the end of the log if it fails."""
        if self._process is not None and self._process.poll() is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._lock()
        try:
            self.initialize()
            with self.log.open("wb") as log:
                command = self.binary.command(self.data, self.port, self.options)
                self._process = launch(command, output=log, env=environment(), keep=[lock])
        finally:
            os.close(lock)  # the server has inherited it
        self._wait_until_it_accepts_connections()
        (self.folder / "port").write_text(f"{self.port}\n")

    def stop(self) -> None:
        """Shut down cleanly; kill the server after `STOP_SECONDS`."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)  # in case a test has paused it
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill the server, as a power failure would; the next start recovers the data."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop and start with the same port and data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server; remove the folder if it is temporary."""
        if self.temporary:
            self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None
        self.stop()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self, **arguments: Any) -> "pymysql.Connection[Any]":
        """Connect as the administrator."""
        return pymysql.connect(
            **{
                "host": self.host,
                "port": self.port,
                "user": "root",
                "password": self.secret("root_password"),
                "autocommit": True,
                "connect_timeout": 5,
                **arguments,
            }
        )

    def create_database(self, name: str | None = None, *, user: str = "service") -> str:
        """Create a database whose rows this user may read and write; return its URL.

        The account in `owner_url` may do everything else. The default name is random. An
        existing database is kept, so this can be called at every start.
        """
        name = name or f"test_{secrets.token_hex(6)}"
        password = self.create_user(user)
        self.create_user(OWNER)
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                f"CREATE DATABASE IF NOT EXISTS `{name}` "
                "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
            )
            cursor.execute(f"GRANT ALL PRIVILEGES ON `{name}`.* TO %s@'%%'", (OWNER,))
            cursor.execute(f"GRANT {ROWS_ONLY} ON `{name}`.* TO %s@'%%'", (user,))
        return f"mysql://{user}:{password}@{self.host}:{self.port}/{name}"

    def owner_url(self, url: str) -> str:
        """Return the URL of the same database with the account that may change its schema."""
        address = url.rpartition("@")[2]
        return f"mysql://{OWNER}:{self.secret(f'{OWNER}_password')}@{address}"

    def create_user(self, user: str) -> str:
        """Create an account without privileges unless it exists; return its password."""
        password = self.secret(f"{user}_password")
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s", (user, password))
        return password

    def secret(self, name: str) -> str:
        """Return a random text that is created once and stored in the folder."""
        return secret(self.folder / name)

    def running_port(self) -> int | None:
        """Return the port of the server that runs on this folder; None if none does."""
        try:
            os.close(self._lock())
        except Stop:
            return int((self.folder / "port").read_text())
        except FileNotFoundError:
            pass
        return None

    def _lock(self) -> int:
        """Lock the folder; the server inherits the lock, and its end releases it."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise Stop(f"the data in {self.folder} are in use by a running server") from None
        return lock

    def _wait_until_it_accepts_connections(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self.connect(connect_timeout=2, read_timeout=2).close()
            except pymysql.err.OperationalError:
                time.sleep(0.05)
            else:
                return
        status = self._process.poll()
        reason = (
            f"accepted no connection within {START_SECONDS} s"
            if status is None
            else f"ended with status {status}"
        )
        self.kill()
        raise Stop(f"{self.binary.path} {reason}; end of its log:\n{last_lines(self.log)}")


def _binary(flavor: str, mysql_root: Path | str | None) -> ServerBinary:
    if flavor == "mariadb":
        root = os.environ.get("MARIADB_ROOT")
        return roots.server_in(Path(root), "mariadbd") if root else find_server()
    if flavor != "mysql":
        raise Stop(f"flavor={flavor!r}: use mariadb or mysql")
    return roots.server_in(Path(mysql_root) if mysql_root else roots.root_folder())
