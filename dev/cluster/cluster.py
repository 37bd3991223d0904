"""Database servers, proxies and replicas of the service, started in the right order.

with GaleraCluster(folder) as cluster:
    cluster.nodes[1].kill()
    cluster.proxy.states("writer")
"""

import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import pymysql

from dev.cluster import sample
from dev.cluster.addresses import (
    ALL_NODES_PORT,
    NODE_PORT,
    NODES,
    REPLICAS,
    SERVICE_PORT,
    WRITER_PORT,
    Addresses,
)
from dev.cluster.haproxy import HAProxy
from dev.cluster.node import START_SECONDS, Node
from dev.cluster.replicas import Replica, service_environment
from dev.environment import migrate
from dev.keep import secret
from dev.names import DATABASE
from dev.server_binary import last_lines
from dev.system_packages import Stop

ROUTES = {"writer": WRITER_PORT, "all": ALL_NODES_PORT}


def password(folder: Path, user: str) -> str:
    """Return the password of an account; the first call creates it.

    MySQL accepts at most 32 characters for the account of the replication.
    """
    return secret(folder / f"{user}_password")[:32]


class Cluster(ABC):
    """Three database servers, HAProxy, two replicas of the service, HAProxy.

    `folder` keeps the data; without one, a temporary folder is used. `settings` are settings of the
    service. `route` is the port of the database's proxy that the replicas use: `writer` or `all`.
    """

    engine: str
    database_proxy: str
    routes: Sequence[str]

    def __init__(
        self,
        folder: Path | None = None,
        *,
        settings: Mapping[str, object] | None = None,
        route: str = "writer",
    ) -> None:
        self._resources = ExitStack()
        self.temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="cluster-", dir="/var/tmp"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # the servers run as other users
        self.addresses = Addresses.claim()
        self.settings = dict(settings or {})
        self.route = route
        self.replicas = {
            number: Replica(number, self.addresses.replica(number), SERVICE_PORT, self.folder)
            for number in REPLICAS
        }
        host = self.addresses.proxy
        targets = {f"node{n}:3306": f"{self.addresses.node(n)}:{NODE_PORT}" for n in NODES}
        binds = {f":{ROUTES[name]}": f"{host}:{ROUTES[name]}" for name in self.routes}
        proxies = self.folder / "proxies"
        self.proxy = HAProxy(self.database_proxy, {**targets, **binds}, proxies)
        self.service_proxy = HAProxy(
            "haproxy-service",
            {
                **{f"app{n}:8000": f"{self.addresses.replica(n)}:{SERVICE_PORT}" for n in REPLICAS},
                ":8000": f"{host}:{SERVICE_PORT}",
            },
            proxies,
        )
        self.nodes = self._create_nodes()

    @abstractmethod
    def _create_nodes(self) -> dict[int, Node]:
        """Return the servers by number."""

    @abstractmethod
    def start_nodes(self) -> None:
        """Start the cluster of servers, from whatever state its data are in."""

    @abstractmethod
    def is_complete(self) -> bool:
        """Return whether all servers are members, also in the view of the others."""

    @abstractmethod
    def wait_until_applied(self) -> None:
        """Wait until every server has applied what was committed so far."""

    @property
    def url(self) -> str:
        """The base URL of the service."""
        return f"http://{self.addresses.proxy}:{SERVICE_PORT}"

    def database_url(self, route: str | None = None, *, user: str = "service") -> str:
        """Return the URL of the database through the proxy."""
        port = ROUTES[route or self.route]
        return self._url(self.addresses.proxy, port, user)

    def node_url(self, number: int, *, user: str = "service") -> str:
        """Return the URL of the database on one server."""
        return self._url(self.addresses.node(number), NODE_PORT, user)

    def environment(self, **settings: object) -> dict[str, str]:
        """Return the environment of a replica; `None` removes a setting."""
        values: dict[str, object] = {
            "SECRET_KEY": secret(self.folder / "secret_key"),
            "DATABASE_URL": self.database_url(),
            "MIGRATION_DATABASE_URL": self.database_url("writer", user="owner"),
            "TRUSTED_PROXIES": 1,
            "DB_PROXY_IDLE_LIMIT_SECONDS": 60,
            "DB_READ_CONSISTENCY": "causal",
            "GRACEFUL_TIMEOUT_SECONDS": 10,
            **self.settings,
            **settings,
        }
        return service_environment(values)

    def start(self) -> None:
        """Start everything."""
        self.start_database()
        self.start_service()

    def start_database(self) -> None:
        """Start the servers and their proxy; create the schema and the sample data."""
        self._resources.callback(self._stop_nodes)
        self.start_nodes()
        self._resources.callback(self.proxy.stop)
        self.proxy.start()
        self.proxy.wait_for("writer", 1)
        migrate(self.environment())
        sample.ensure(self.folder, self.database_url("writer"))

    def start_service(self) -> None:
        """Start the replicas of the service and their proxy."""
        self._resources.callback(self._stop_replicas)
        self.start_replicas()
        self._resources.callback(self.service_proxy.stop)
        self.service_proxy.start()
        self.service_proxy.wait_for("ready", len(self.replicas))

    def start_replicas(self, **settings: object) -> None:
        """Start the replicas of the service that do not run."""
        stopped = [replica for replica in self.replicas.values() if not replica.is_running]
        for replica in stopped:
            replica.start(self.environment(**settings))
        for replica in stopped:
            replica.wait_until_ready()

    def start_replica(self, number: int) -> None:
        """Start one replica and wait until it is ready."""
        self.replicas[number].start(self.environment())
        self.replicas[number].wait_until_ready()

    def restart_replica(self, number: int) -> None:
        """Take a replica out of the proxy, stop it gracefully and start it again."""
        name = self.replicas[number].name
        for backend in ("ready", "alive"):
            self.service_proxy.command(f"set server {backend}/{name} state drain")
        self.replicas[number].stop()
        self.start_replica(number)
        for backend in ("ready", "alive"):
            self.service_proxy.command(f"set server {backend}/{name} state ready")
        self.service_proxy.wait_for("ready", len(self.replicas))

    def recover(self, seconds: float = START_SECONDS) -> None:
        """Start the servers that have ended, as a supervisor would, until all are members."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for node in self.nodes.values():
                if not node.is_running:
                    node.start(wait=False)
            with suppress(pymysql.err.Error, Stop):
                if self.is_complete():
                    return
            time.sleep(0.1)
        reports = [
            f"{node.name}: {node.state()}; end of its log:\n{last_lines(node.log)}"
            for node in self.nodes.values()
        ]
        raise Stop("\n".join([f"the cluster is not complete after {seconds:.0f} s", *reports]))

    @property
    def users(self) -> list[sample.User]:
        """The sample users who can sign in."""
        return sample.users(self.folder)

    def close(self) -> None:
        """Stop everything; remove the folder if it is temporary."""
        self._resources.close()
        if self.temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _url(self, host: str, port: int, user: str) -> str:
        return f"mysql://{user}:{password(self.folder, user)}@{host}:{port}/{DATABASE}"

    def _stop_replicas(self) -> None:
        with ThreadPoolExecutor(len(self.replicas)) as pool:
            list(pool.map(Replica.stop, self.replicas.values()))

    def _stop_nodes(self) -> None:
        # The first one last: it has all changes then, and starts the cluster the next time.
        for number in sorted(self.nodes, reverse=True):
            if self.temporary:
                self.nodes[number].kill()
            else:
                self.nodes[number].stop()
