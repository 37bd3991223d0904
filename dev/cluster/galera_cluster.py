"""A MariaDB Galera cluster with the service."""

from concurrent.futures import ThreadPoolExecutor

from dev.cluster.addresses import NODES
from dev.cluster.cluster import Cluster, password
from dev.cluster.galera import GaleraNode, accounts, ensure_packages
from dev.cluster.node import Node


class GaleraCluster(Cluster):
    """Three nodes that all accept writes."""

    engine = "galera"
    database_proxy = "haproxy-galera"
    routes = ("writer", "all")

    def _create_nodes(self) -> dict[int, Node]:
        ensure_packages()
        passwords = [password(self.folder, user) for user in ("root", "service", "owner")]
        return {
            number: GaleraNode.create(
                number, self.folder, self.addresses, passwords[0], accounts(*passwords)
            )
            for number in NODES
        }

    def start_nodes(self) -> None:
        """Start the node with the newest data as a new cluster, then let the others join."""
        with ThreadPoolExecutor(len(NODES)) as pool:
            list(pool.map(GaleraNode.find_position, self._galera_nodes()))
        first, *others = sorted(self._galera_nodes(), key=_newest_first)
        first.start(bootstrap=True)
        for node in others:
            node.start(wait=False)
        for node in others:
            node.wait_until_member()

    def is_complete(self) -> bool:
        """Return whether each node is synced and counts all nodes."""
        statuses = [node.status() for node in self._galera_nodes()]
        return all(
            status["wsrep_local_state_comment"] == "Synced"
            and status["wsrep_cluster_size"] == str(len(NODES))
            for status in statuses
        )

    def wait_until_applied(self) -> None:
        """Wait on each node for what the others have committed."""
        for node in self.nodes.values():
            with node.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SET wsrep_sync_wait = 1")
                cursor.execute("SELECT 1")

    def _galera_nodes(self) -> list[GaleraNode]:
        return [node for node in self.nodes.values() if isinstance(node, GaleraNode)]


def _newest_first(node: GaleraNode) -> tuple[int, int]:
    return -node.position.seqno if node.position else 1, node.number
