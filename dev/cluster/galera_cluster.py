"""A MariaDB Galera cluster with the service."""

import re
import subprocess
from contextlib import suppress

from dev.cluster.addresses import NODES
from dev.cluster.cluster import Cluster, password
from dev.cluster.galera import GaleraNode, accounts, ensure_packages
from dev.cluster.node import Node
from dev.system_packages import Stop

RECOVERED = re.compile(r"Recovered position:? [0-9a-f-]+:(-?\d+)")


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
        first = self.most_advanced()
        self.nodes[first].start(bootstrap=True)
        for number in NODES:
            if number != first:
                self.nodes[number].start()

    def is_complete(self) -> bool:
        """Return whether each node is synced and counts all nodes."""
        statuses = [node.status() for node in self.nodes.values() if isinstance(node, GaleraNode)]
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

    def most_advanced(self) -> int:
        """Return the number of the stopped node with the newest data."""
        return max(NODES, key=lambda number: (self._position(number), -number))

    def _position(self, number: int) -> int:
        node = self.nodes[number]
        assert isinstance(node, GaleraNode)
        with suppress(FileNotFoundError):
            position = node.position()
            return position if position >= 0 else recovered_position(node)
        return -1


def recovered_position(node: GaleraNode) -> int:
    """Return the position of a node that was killed, from its InnoDB files."""
    command = [*node.command(bootstrap=False), "--wsrep-recover"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = RECOVERED.findall(done.stderr + done.stdout)
    if not found:
        raise Stop(f"{node.name}: mariadbd --wsrep-recover names no position")
    return int(found[-1])
