"""MySQL Group Replication with a single primary, and the service."""

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pymysql

from dev import mysql_root
from dev.cluster.addresses import NODES
from dev.cluster.cluster import Cluster, password
from dev.cluster.group_replication import MEMBERS, GroupMember, accounts
from dev.cluster.node import Node
from dev.keep import free_port
from dev.names import DATABASE
from dev.system_packages import Stop

PATIENCE_SECONDS = 15  # documented in docs/cluster.md


class GroupCluster(Cluster):
    """Three members, of which one accepts writes."""

    engine = "mysql"
    database_proxy = "haproxy-group-replication"
    routes = ("writer",)

    def environment(self, **settings: object) -> dict[str, str]:
        """Return the environment of a replica; the group needs 6 to 9 s to elect a primary."""
        return super().environment(**{"DB_OUTAGE_PATIENCE_SECONDS": PATIENCE_SECONDS, **settings})

    def _create_nodes(self) -> dict[int, Node]:
        binary = mysql_root.ensure(mysql_root.root_folder())
        folder = self._data_folder()
        root, service, owner, recovery = (
            password(self.folder, user) for user in ("root", "service", "owner", "recovery")
        )
        ports = {number: free_port() for number in NODES}
        nodes: dict[int, Node] = {}
        for number in NODES:
            member = GroupMember.create(number, folder, self.addresses, root)
            member.binary, member.group_ports = binary, ports
            member.accounts = accounts(root, service, owner, recovery)
            member.recovery_password = recovery
            nodes[number] = member
        return nodes

    def _data_folder(self) -> Path:
        """Return the folder of the data, which must be in the chroot."""
        root = mysql_root.root_folder()
        if self.temporary:
            folder, claim = mysql_root.new_folder(root)
            folder.chmod(0o755)  # the servers run as other users
            self._resources.callback(os.close, claim)
            self._resources.callback(shutil.rmtree, folder, ignore_errors=True)
            return folder
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        folder = root / "srv" / f"cluster-{name}"
        if not (self.folder / "root_password").exists():
            shutil.rmtree(folder, ignore_errors=True)  # of another cluster in the same folder
        return folder

    def start_nodes(self) -> None:
        """Start the member with the newest data as a new group, then let the others join."""
        first = self.most_advanced()
        self.nodes[first].start(bootstrap=True)
        with self.nodes[first].connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{DATABASE}` CHARACTER SET utf8mb4")
        for number in NODES:
            if number != first:
                self.nodes[number].start()

    def most_advanced(self) -> int:
        """Return the member whose binary log was written last: it ended after the others."""
        written = {
            number: max((file.stat().st_mtime for file in node.data.glob("bin.*")), default=0)
            for number, node in self.nodes.items()
        }
        return max(NODES, key=lambda number: (written[number], -number))

    def is_complete(self) -> bool:
        """Return whether each member counts all members as online."""
        online = "MEMBER_STATE = 'ONLINE'"
        return all(
            len(node.query(f"{MEMBERS} WHERE {online}")) == len(NODES)
            for node in self.nodes.values()
        )

    def wait_until_applied(self) -> None:
        """Wait on each member for what the primary has committed."""
        ((executed,),) = self.nodes[self.primary()].query("SELECT @@global.gtid_executed")
        for node in self.nodes.values():
            node.query("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, 30)", executed)

    def primary(self) -> int:
        """Return the number of the primary; raises `Stop` if there is none."""
        for number, node in self.nodes.items():
            assert isinstance(node, GroupMember)
            if node.is_running:
                with suppress(pymysql.err.Error):
                    if node.is_primary():
                        return number
        raise Stop("the group has no primary")
