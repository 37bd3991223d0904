"""A private database server, its administrator and a firewall, on which cells run one by one.

Several environments run in parallel, because a cell spends most of its time waiting.
"""

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from app.db.url import DatabaseUrl
from dev.faults.firewall import Firewall
from dev.faults.proxy_behavior import ProxyTls
from dev.system_packages import Stop
from tests.faults.admin import ServerAdmin
from tests.support.certificates import Authority
from tests.support.server import DatabaseServer

OPTIONS: dict[str, object] = {
    "max_connections": 400,
    "max_user_connections": 1000,  # cannot be changed at run time if it is 0 at startup
}
PEM_FILES = {"ssl_ca": "test-ca.pem", "ssl_cert": "test-cert.pem", "ssl_key": "test-key.pem"}
DATABASE = "faults"


@dataclass(frozen=True, slots=True)
class Target:
    """The database server under test, and whether clients connect with TLS."""

    flavor: str = "mariadb"
    mysql_root: str | None = None
    tls: bool = False

    @property
    def name(self) -> str:
        """The name used in reports, such as "mysql, TLS"."""
        return f"{self.flavor}, TLS" if self.tls else self.flavor


class Environment:
    """A server with its administrator, firewall and database URL.

    `options` are server variables in addition to `OPTIONS`.
    """

    def __init__(self, target: Target, **options: object) -> None:
        self.target = target
        self._options = {**OPTIONS, **options}
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._folder = Path(self._resources.enter_context(TemporaryDirectory(prefix="faults-")))
            self._write_certificate()
            self.server = self._start_server()
            self._port = self.server.port
            self.firewall = self._resources.enter_context(Firewall())
            self.url = self.server.create_database(DATABASE)
            self.admin = ServerAdmin(self.server, self.url)
        except BaseException:
            self._resources.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @cached_property
    def second_server(self) -> DatabaseServer:
        """A second server with the same user, password and database."""
        second = self._start_server()
        account = DatabaseUrl.parse(self.url)
        ServerAdmin(second, second.create_database(DATABASE)).query(
            "ALTER USER %s@'%%' IDENTIFIED BY %s", (account.user, account.password)
        )
        return second

    @property
    def proxy_tls(self) -> ProxyTls | None:
        """The certificates a proxy needs to terminate TLS; None without TLS."""
        return ProxyTls.with_certificate(*self._certificate) if self.target.tls else None

    @property
    def settings(self) -> dict[str, object]:
        """Service settings that this environment requires."""
        return {"DB_SSL_MODE": "REQUIRED" if self.target.tls else "DISABLED"}

    def restore(self) -> None:
        """Remove all firewall rules; start the server on its port if a cell stopped or moved it."""
        self.firewall.clear()
        if self.server.port != self._port:
            self.server.stop()
            self.server.port = self._port
        with suppress(Stop):
            self.server.pid  # noqa: B018
            return
        self.server.start()

    def _start_server(self) -> DatabaseServer:
        options = dict(self._options)
        server = DatabaseServer(
            flavor=self.target.flavor, mysql_root=self.target.mysql_root, options=options
        )
        if self.target.tls:
            server.options |= PEM_FILES
            server.initialize()
            for name in PEM_FILES.values():
                (server.data / name).write_bytes((self._folder / name).read_bytes())
        return self._resources.enter_context(server)

    def _write_certificate(self) -> None:
        authority = Authority("fault injection tests")
        certificate, key = authority.issue("127.0.0.1")
        self._certificate = (
            str(self._folder / "test-cert.pem"),
            str(self._folder / "test-key.pem"),
        )
        (self._folder / "test-ca.pem").write_bytes(authority.pem)
        Path(self._certificate[0]).write_bytes(certificate)
        Path(self._certificate[1]).write_bytes(key)


def with_socket(url: str, socket: Path) -> str:
    """Return the URL of the same database through the server's Unix socket."""
    return f"{with_address(url, host='localhost')}?unix_socket={socket}"


def with_address(url: str, *, host: str = "127.0.0.1", port: int = 3306) -> str:
    """Return the URL of the same database at another host and port."""
    start, _, name = url.rpartition("/")
    user, _, _ = start.rpartition("@")
    return f"{user}@{host}:{port}/{name}"
