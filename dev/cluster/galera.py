"""A node of a MariaDB Galera cluster, with the options of deploy/cluster/galera.cnf."""

import pwd
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dev.cluster.addresses import NODE_PORT, NODES, Addresses
from dev.cluster.node import Node
from dev.find_server import find_server
from dev.names import DATABASE
from dev.system_packages import Stop, apt_install, find_program

OPTIONS = Path("deploy/cluster/galera.cnf")
GALERA_PORT = 4567
STATE_TRANSFER_PORTS = (4568, 4444)  # incremental and complete
SAVED_STATE = re.compile(r"^uuid:\s+(\S+)\nseqno:\s+(-?\d+)$", re.MULTILINE)
NO_UUID = "00000000-0000-0000-0000-000000000000"  # while all data are being copied
RECOVERED = re.compile(r"Recovered position:? ([0-9a-f-]+):(-?\d+)")
PROVIDER_OPTIONS = re.compile(r'^wsrep_provider_options = "(.+)"$', re.MULTILINE)
PACKAGES = {
    "wsrep_sst_rsync": "mariadb-server",  # also creates the user mysql
    "rsync": "rsync",
    "lsof": "lsof",  # used by the script that copies the data
    "socat": "socat",
    "setpriv": "util-linux",
}
# HAProxy's check signs in with it; it has no privilege.
PROXY_ACCOUNT = "CREATE USER 'haproxy'@'127.%' IDENTIFIED VIA mysql_native_password USING ''"
# Only what a small machine needs, in addition to the documented options.
SMALL = ("--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--performance-schema=OFF")


class Position(NamedTuple):
    """How much of a cluster's history the data of a node contain."""

    uuid: str
    seqno: int

    def __str__(self) -> str:
        return f"{self.uuid}:{self.seqno}"


class GaleraNode(Node):
    """One node; a new one copies its data from another node.

    `position` belongs to the stopped node's data; `None` if they are not complete.
    """

    addresses: Addresses
    accounts: Sequence[str]
    position: Position | None = None

    @classmethod
    def create(
        cls, number: int, folder: Path, addresses: Addresses, password: str, accounts: Sequence[str]
    ) -> "GaleraNode":
        """Return the node with this number, which is not started yet."""
        user = pwd.getpwnam("mysql")
        node = cls(
            number,
            folder=folder / f"node{number}",
            host=addresses.node(number),
            port=NODE_PORT,
            password=password,
            uid=user.pw_uid,
            gid=user.pw_gid,
        )
        node.addresses, node.accounts = addresses, accounts
        return node

    def initialize(self) -> None:
        """Create the system tables of the first node; the others copy them."""
        if self.number == NODES[0]:
            find_server().initialize(self.data, [*self.accounts], self.folder / "initialize.log")
        else:
            self.data.mkdir(mode=0o700)

    def command(self, *, bootstrap: bool) -> list[str]:
        """Return the command; the options that only this machine needs are on the command line."""
        (self.folder / "galera.cnf").write_text(OPTIONS.read_text())
        (self.folder / "tmp").mkdir(exist_ok=True)
        self.own()
        others = [f"node{number}" for number in reversed(NODES) if number not in (self.number, 1)]
        members = "" if bootstrap else ",".join(map(self.addresses.node, NODES))
        if bootstrap:
            self._allow_bootstrap()
        start = [f"--wsrep-start-position={self.position}"] if self.position else []
        return [
            *self.as_user(),
            find_server().path,
            f"--defaults-file={self.folder}/galera.cnf",
            f"--datadir={self.data}",
            f"--tmpdir={self.folder}/tmp",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            "--socket=socket",
            f"--wsrep-cluster-address=gcomm://{members}",
            f"--wsrep-node-name={self.name}",
            f"--wsrep-node-address={self.host}",
            f"--wsrep-node-incoming-address={self.host}:{self.port}",
            f"--wsrep-sst-receive-address={self.host}:{STATE_TRANSFER_PORTS[1]}",
            f"--wsrep-sst-donor={','.join(others)},",
            f"--wsrep-provider-options={self._provider_options()}",
            *start,
            *SMALL,
        ]

    def is_member(self) -> bool:
        """Return whether the node has the current data and a majority."""
        status = self.status()
        return (
            status.get("wsrep_local_state_comment") == "Synced"
            and status.get("wsrep_ready") == "ON"
        )

    def status(self) -> dict[str, Any]:
        """Return the status variables of Galera."""
        return dict(self.query("SHOW GLOBAL STATUS LIKE 'wsrep\\_%'"))

    def start(self, *, bootstrap: bool = False, wait: bool = True) -> None:
        """Start the node from the position of its data, also if it was killed.

        Without the position it would copy all data from another node, or start a cluster with
        another UUID, of which all others copy the data. Debian's service passes it as well
        (galera_recovery).
        """
        self.find_position()
        super().start(bootstrap=bootstrap, wait=wait)
        self.position = None

    def find_position(self) -> None:
        """Set `position`, unless it is known."""
        state = self.data / "grastate.dat"
        found = SAVED_STATE.search(state.read_text()) if state.exists() else None
        if self.position or not found or found[1] == NO_UUID:
            return
        if not (self.data / "sst_in_progress").exists():
            saved = Position(found[1], int(found[2]))
            self.position = self._recovered() if saved.seqno < 0 else saved

    def _recovered(self) -> "Position":
        """Return the position of a node that was killed, from its InnoDB files."""
        command = [*self.command(bootstrap=False), "--wsrep-recover"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = RECOVERED.findall(done.stderr + done.stdout)
        if not found:
            raise Stop(f"{self.name}: mariadbd --wsrep-recover shows no position")
        return Position(found[-1][0], int(found[-1][1]))

    def _allow_bootstrap(self) -> None:
        state = self.data / "grastate.dat"
        if state.exists():
            text = state.read_text()
            state.write_text(text.replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))

    def _provider_options(self) -> str:
        found = PROVIDER_OPTIONS.search(OPTIONS.read_text())
        assert found
        return (
            f"{found[1]};gmcast.listen_addr=tcp://{self.host}:{GALERA_PORT}"
            f";ist.recv_addr={self.host}:{STATE_TRANSFER_PORTS[0]}"
        )


def accounts(password: str, service_password: str, owner_password: str) -> list[str]:
    """Return the statements that create the accounts of a new cluster."""
    return [
        f"CREATE USER 'root'@'%' IDENTIFIED BY '{password}'",
        "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION",
        PROXY_ACCOUNT,
        f"CREATE DATABASE `{DATABASE}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci",
        f"CREATE USER 'service'@'%' IDENTIFIED BY '{service_password}'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON `{DATABASE}`.* TO 'service'@'%'",
        f"CREATE USER 'owner'@'%' IDENTIFIED BY '{owner_password}'",
        f"GRANT ALL PRIVILEGES ON `{DATABASE}`.* TO 'owner'@'%'",
    ]


def ensure_packages() -> None:
    """Install what a Galera node needs; raises `Stop` if that is impossible."""
    why = "the cluster runs Galera nodes"
    for program, package in PACKAGES.items():
        find_program(program, package=package, why=why)
    if not Path("/usr/lib/galera/libgalera_smm.so").exists():
        apt_install(["galera-4"], why=why)
    try:
        pwd.getpwnam("mysql")
    except KeyError:
        raise Stop("the cluster's servers run as the user mysql, which does not exist") from None
