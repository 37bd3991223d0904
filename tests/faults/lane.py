"""One database server of its own on which one cell after another is tried.

Several lanes run side by side: most of a cell is waiting.
"""

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from app.db.url import DatabaseUrl
from dev.system_packages import Stop
from tests.faults.behavior import Tls
from tests.faults.control import Control
from tests.faults.flows import Firewall
from tests.support.certificates import Authority
from tests.support.server import DatabaseServer

OPTIONS: dict[str, object] = {
    "max_connections": 400,
    "max_user_connections": 1000,  # where it is 0 at the start, it cannot be changed later
}
PEMS = {"ssl_ca": "test-ca.pem", "ssl_cert": "test-cert.pem", "ssl_key": "test-key.pem"}
DATABASE = "faults"


@dataclass(frozen=True, slots=True)
class Place:
    """Which server the faults strike, and whether clients speak to it under TLS."""

    flavor: str = "mariadb"
    mysql_root: str | None = None
    tls: bool = False

    @property
    def name(self) -> str:
        """Such as "mysql, TLS"."""
        return f"{self.flavor}, TLS" if self.tls else self.flavor


class Lane:
    """A server, its administrator, a firewall, and where clients find it.

    `options` are server variables beyond those that every lane has.
    """

    def __init__(self, place: Place, **options: object) -> None:
        self.place = place
        self._options = {**OPTIONS, **options}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._folder = Path(self._open.enter_context(TemporaryDirectory(prefix="lane-")))
            self._write_certificate()
            self.server = self._start_server()
            self.firewall = self._open.enter_context(Firewall())
            self.url = self.server.create_database(DATABASE)
            self.control = Control(self.server, self.url)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def another_server(self) -> DatabaseServer:
        """A second server that takes the same user, password and database."""
        another = self._start_server()
        known = DatabaseUrl.parse(self.url)
        Control(another, another.create_database(DATABASE)).query(
            "ALTER USER %s@'%%' IDENTIFIED BY %s", (known.user, known.password)
        )
        return another

    @property
    def proxy_tls(self) -> Tls | None:
        """What a proxy needs to listen in."""
        return Tls.with_certificate(*self._pems) if self.place.tls else None

    @property
    def settings(self) -> dict[str, object]:
        """What a service on this lane has to be told."""
        return {"DB_SSL_MODE": "REQUIRED" if self.place.tls else "DISABLED"}

    def heal(self) -> None:
        """Bring the server back from whatever a cell that failed has left."""
        self.firewall.lift()
        with suppress(Stop):
            self.server.pid  # noqa: B018
            return
        self.server.start()

    def _start_server(self) -> DatabaseServer:
        options = dict(self._options)
        server = DatabaseServer(
            flavor=self.place.flavor, mysql_root=self.place.mysql_root, options=options
        )
        if self.place.tls:
            server.options |= PEMS
            server.initialize()
            for name in PEMS.values():
                (server.data / name).write_bytes((self._folder / name).read_bytes())
        return self._open.enter_context(server)

    def _write_certificate(self) -> None:
        authority = Authority("the faults' own")
        certificate, key = authority.issue("127.0.0.1")
        self._pems = str(self._folder / "test-cert.pem"), str(self._folder / "test-key.pem")
        (self._folder / "test-ca.pem").write_bytes(authority.pem)
        Path(self._pems[0]).write_bytes(certificate)
        Path(self._pems[1]).write_bytes(key)


def at(url: str, *, host: str = "127.0.0.1", port: int = 3306) -> str:
    """The same database by way of another address."""
    start, _, name = url.rpartition("/")
    user, _, _ = start.rpartition("@")
    return f"{user}@{host}:{port}/{name}"
