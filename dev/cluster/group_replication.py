"""A member of MySQL Group Replication, with the options of deploy/cluster/group-replication.cnf.

The server runs in the system that `dev.mysql_root` creates. The members' group ports are on
127.0.0.1, because a member must find its address on an interface.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.cluster.addresses import NODE_PORT, Addresses
from dev.cluster.node import Node
from dev.names import DATABASE
from dev.server_binary import ServerBinary

OPTIONS = Path("deploy/cluster/group-replication.cnf")
FIRST_UID = 61000  # exists in no system; tells the packets of the members apart
RECOVERY = "recovery"
MEMBERS = (
    "SELECT MEMBER_ID, MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE "
    "FROM performance_schema.replication_group_members"
)
# Only what a small machine needs, in addition to the documented options.
SMALL = (
    "--mysqlx=OFF",
    "--secure-file-priv=NULL",
    "--innodb-buffer-pool-size=64M",
    "--innodb-redo-log-capacity=64M",
    "--performance-schema-instrument=memory/%=OFF",
)


class GroupMember(Node):
    """One member; a new one copies what the group has committed."""

    binary: ServerBinary
    group_ports: Mapping[int, int]
    accounts: Sequence[str]
    recovery_password: str

    @classmethod
    def create(
        cls, number: int, folder: Path, addresses: Addresses, password: str
    ) -> "GroupMember":
        """Return the member with this number, which is not started yet."""
        uid = FIRST_UID + number
        return cls(
            number,
            folder=folder / f"node{number}",
            host=addresses.node(number),
            port=NODE_PORT,
            password=password,
            uid=uid,
            gid=uid,
        )

    def initialize(self) -> None:
        """Create the system tables and the accounts, which are not replicated."""
        accounts = ["SET SQL_LOG_BIN = 0", *self.accounts]
        self.binary.initialize(self.data, accounts, self.folder / "initialize.log")

    def command(self, *, bootstrap: bool) -> list[str]:
        """Return the command; the options that only this machine needs are on the command line."""
        (self.folder / "group-replication.cnf").write_text(OPTIONS.read_text())
        self.own()
        root = self.binary.root
        assert root is not None
        inside = Path("/", self.folder.relative_to(root))
        seeds = ",".join(f"127.0.0.1:{port}" for port in self.group_ports.values())
        group = {
            "local-address": f"127.0.0.1:{self.group_ports[self.number]}",
            "group-seeds": seeds,
            "ip-allowlist": "127.0.0.0/8",
            "bootstrap-group": "ON" if bootstrap else "OFF",
            "start-on-boot": "ON" if self._is_configured else "OFF",
        }
        return [
            "chroot",
            str(root),
            *self.as_user(),
            self.binary.path,
            f"--defaults-file={inside}/group-replication.cnf",
            f"--datadir={inside}/data",
            f"--tmpdir={inside}/tmp",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            "--socket=socket",
            "--pid-file=pid",
            f"--server-id={self.number}",
            f"--report-host={self.host}",
            *(f"--loose-group-replication-{name}={value}" for name, value in group.items()),
            *SMALL,
        ]

    def start(self, *, bootstrap: bool = False, wait: bool = True) -> None:
        """Start the server; at its first start, store the recovery account and join."""
        super().start(bootstrap=bootstrap, wait=False)
        if not self._is_configured:
            self.wait_until(lambda: bool(self.query("SELECT 1")), "does not accept connections")
            self.query(
                "CHANGE REPLICATION SOURCE TO SOURCE_USER = %s, SOURCE_PASSWORD = %s "
                "FOR CHANNEL 'group_replication_recovery'",
                RECOVERY,
                self.recovery_password,
            )
            self.query("START GROUP_REPLICATION")
            self._configured.touch()
        if wait or bootstrap:
            self.wait_until_member()
        if bootstrap:
            self.query("SET GLOBAL group_replication_bootstrap_group = OFF")

    def is_member(self) -> bool:
        """Return whether the member is online."""
        own = "MEMBER_ID = @@server_uuid AND MEMBER_STATE = 'ONLINE'"
        return bool(self.query(f"{MEMBERS} WHERE {own}"))

    def is_primary(self) -> bool:
        """Return whether the member is the primary and accepts writes."""
        own = "MEMBER_ID = @@server_uuid AND MEMBER_STATE = 'ONLINE' AND MEMBER_ROLE = 'PRIMARY'"
        return bool(self.query(f"{MEMBERS} WHERE {own} AND NOT @@super_read_only"))

    @property
    def _configured(self) -> Path:
        return self.folder / "configured"

    @property
    def _is_configured(self) -> bool:
        return self._configured.exists()


def accounts(
    password: str, service_password: str, owner_password: str, recovery_password: str
) -> list[str]:
    """Return the statements that create the accounts of a member."""
    replication = "CONNECTION_ADMIN, BACKUP_ADMIN, GROUP_REPLICATION_STREAM"
    return [
        f"CREATE USER 'root'@'%' IDENTIFIED BY '{password}'",
        "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION",
        f"CREATE USER '{RECOVERY}'@'%' IDENTIFIED BY '{recovery_password}'",
        f"GRANT REPLICATION SLAVE, {replication} ON *.* TO '{RECOVERY}'@'%'",
        # HAProxy's check signs in with it.
        "CREATE USER 'haproxy'@'127.%' IDENTIFIED WITH caching_sha2_password BY ''",
        "GRANT SELECT ON performance_schema.replication_group_members TO 'haproxy'@'127.%'",
        f"CREATE USER 'service'@'%' IDENTIFIED BY '{service_password}'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON `{DATABASE}`.* TO 'service'@'%'",
        f"CREATE USER 'owner'@'%' IDENTIFIED BY '{owner_password}'",
        f"GRANT ALL PRIVILEGES ON `{DATABASE}`.* TO 'owner'@'%'",
    ]
