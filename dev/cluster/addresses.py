"""The loopback addresses of a cluster: all in 127.0.BLOCK.0/24, so that several clusters can run.

.1 to .3    database servers
.10         HAProxy: the database on ports 3306 and 3307, the service on port 8000
.21, .22    replicas of the service
"""

import socket
from dataclasses import dataclass
from typing import Self

from dev.system_packages import Stop

NODES = (1, 2, 3)
REPLICAS = (1, 2)
# Not 3306, on which a server of this machine may listen at all addresses.
NODE_PORT = 3311
WRITER_PORT = 3306
ALL_NODES_PORT = 3307
SERVICE_PORT = 8000


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one cluster."""

    block: int

    @classmethod
    def claim(cls) -> Self:
        """Return the first free block, which remains reserved until this process ends.

        A UDP socket reserves it: the servers use TCP only.
        """
        for block in range(1, 255):
            found = cls(block)
            reservation = socket.socket(type=socket.SOCK_DGRAM)
            try:
                reservation.bind((found.proxy, NODE_PORT))
                for host in (*map(found.node, NODES), found.proxy, *map(found.replica, REPLICAS)):
                    found._check_is_free(host)
            except OSError:
                reservation.close()
                continue
            reservation.detach()  # stays open
            return found
        raise Stop("no free block of loopback addresses in 127.0.0.0/16")

    def node(self, number: int) -> str:
        """Return the address of a database server."""
        return f"127.0.{self.block}.{number}"

    @property
    def proxy(self) -> str:
        """The address of both proxies."""
        return f"127.0.{self.block}.10"

    def replica(self, number: int) -> str:
        """Return the address of a replica of the service."""
        return f"127.0.{self.block}.2{number}"

    def _check_is_free(self, host: str) -> None:
        for port in (NODE_PORT, WRITER_PORT, ALL_NODES_PORT, SERVICE_PORT, 4567):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
