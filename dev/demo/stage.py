"""What the demo runs on: a private MariaDB, a proxy in front of it, and the copies of the service.

Each copy is a gunicorn with one worker process and the default settings, except for those in
`Stage.settings`. All connect through the proxy. The firewall is None without root or iptables.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from app.db.url import DatabaseUrl
from dev.cluster.replicas import Replica, service_environment
from dev.demo.faults import WAIT_TIMEOUT_SECONDS
from dev.demo.traffic import Traffic
from dev.environment import migrate
from dev.faults.firewall import Firewall
from dev.faults.proxy import Proxy
from dev.keep import free_port
from dev.private_server import PrivateServer
from dev.sample import connect, is_empty
from dev.serve import RATE_LIMIT
from dev.system_packages import Stop

HOST = "127.0.0.1"
DATABASE = "sample"
STUDENTS = 60
THREADS = 4  # of each copy
PATIENCE_SECONDS = 15
STOP_SECONDS = 5


class Stage:
    """Starts everything on entry and stops it on exit; `report` receives each step."""

    def __init__(
        self,
        folder: Path,
        strategies: Sequence[str],
        traffic: Traffic,
        report: Callable[[str], None],
    ) -> None:
        self.folder = folder
        self.strategies = strategies
        self.traffic = traffic
        self.server = PrivateServer(folder)
        self.firewall: Firewall | None = None
        self._report = report
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._resources.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def settings(self, strategy: str) -> dict[str, object]:
        """Return the settings of one copy that are not the defaults."""
        return {
            "SECRET_KEY": self.server.secret("secret_key"),
            "DATABASE_URL": self._url.replace(f":{self.server.port}/", f":{self.proxy.port}/"),
            "DB_STRATEGY": strategy,
            "WEB_CONCURRENCY": 1,
            # With more threads, `single` mixes up responses even without a fault.
            "THREADS": 1 if strategy == "single" else THREADS,
            # The service refuses to start `timed` with an age above `wait_timeout`.
            "DB_RECYCLE_SECONDS": WAIT_TIMEOUT_SECONDS / 2 if strategy == "timed" else None,
            # On a slow machine, a restart may take longer than the default of 5 s.
            "DB_OUTAGE_PATIENCE_SECONDS": PATIENCE_SECONDS,
            "RATE_LIMIT": RATE_LIMIT,
            "GRACEFUL_TIMEOUT_SECONDS": 1,
            "LOG_LEVEL": "ERROR",
        }

    def _start(self) -> None:
        self._report("starting MariaDB ...")
        self._resources.enter_context(self.server)
        self._create_database()
        self.proxy = self._resources.enter_context(Proxy(self.server.port))
        self.firewall = self._open_firewall()
        self._report(f"starting {len(self.strategies)} copies of the service ...")
        # On exit, the copies are stopped first, so that no client waits for a response.
        self._resources.callback(self.traffic.finish)
        copies = self._start_copies()
        for strategy, copy in copies.items():
            copy.wait_until_ready()
            # At once: before the first fault, no connection may be idle for `wait_timeout`.
            self.traffic.send_to(strategy, copy.host, copy.port)

    def _create_database(self) -> None:
        self._url = self.server.create_database(DATABASE)
        self.user = DatabaseUrl.parse(self._url).user
        owner_url = self.server.owner_url(self._url)
        migrate(
            service_environment(
                {
                    "SECRET_KEY": self.server.secret("secret_key"),
                    "DATABASE_URL": self._url,
                    "MIGRATION_DATABASE_URL": owner_url,
                }
            )
        )
        with connect(self._url) as connection:
            if is_empty(connection):
                import sample_data  # noqa: PLC0415  # takes long

                self._report("creating sample data (once) ...")
                sample_data.seed(connection, students=STUDENTS)
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL wait_timeout = %s", (WAIT_TIMEOUT_SECONDS,))
        self.server.options["wait_timeout"] = WAIT_TIMEOUT_SECONDS  # from the next restart on

    def _open_firewall(self) -> Firewall | None:
        folders = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        if os.geteuid() != 0 or not shutil.which("iptables-restore", path=folders):
            return None
        try:
            return self._resources.enter_context(Firewall())
        except Stop as stop:  # such as a container without CAP_NET_ADMIN
            self._report(str(stop))
            return None

    def _start_copies(self) -> dict[str, Replica]:
        copies = {
            strategy: Replica(number, HOST, free_port(), self.folder)
            for number, strategy in enumerate(self.strategies, 1)
        }
        for strategy, copy in copies.items():
            shutil.rmtree(copy.folder, ignore_errors=True)  # the last demo's log
            self._resources.callback(copy.stop, STOP_SECONDS)
            copy.start(service_environment(self.settings(strategy)))
        return copies
