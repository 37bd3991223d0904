"""Galera clusters on this machine, which start without a transfer of data between the nodes.

Each node is a copy of the same template, with the state of the first one recorded in it.
"""

from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from app.db import commit_tokens
from dev.keep import free_port
from dev.system_packages import apt_install
from tests.db.conftest import WORDS
from tests.db.test_concurrency import settles
from tests.support.database import query
from tests.support.server import CopiedServer

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
WHY = "a test runs Galera nodes"
STATE = """# GALERA saved state
version: 2.1
uuid:    {wsrep_cluster_state_uuid}
seqno:   {wsrep_last_committed}
safe_to_bootstrap: 0
"""


class GaleraNode(CopiedServer):
    """One node; all nodes have the same port, host name and `server_id`."""

    def __init__(self, number, port, peers, provider_options):
        self.host = f"127.0.0.{number}"
        self.replication_port = free_port()
        others = ",".join(f"{peer.host}:{peer.replication_port}" for peer in peers)
        provider = {
            "gmcast.listen_addr": f"tcp://{self.host}:{self.replication_port}",
            "ist.recv_addr": f"{self.host}:{free_port()}",
            "gcache.size": "8M",
            **provider_options,
        }
        super().__init__(
            flavor="mariadb",
            port=port,
            options={
                "bind_address": self.host,
                "binlog_format": "ROW",
                "innodb_autoinc_lock_mode": 2,
                "log_bin_trust_function_creators": "ON",
                "wsrep_on": "ON",
                "wsrep_provider": PROVIDER,
                "wsrep_cluster_address": f"gcomm://{others}",
                "wsrep_cluster_name": "test",
                "wsrep_node_name": f"node{number}",
                "wsrep_node_address": f"{self.host}:{self.replication_port}",
                "wsrep_sst_method": "skip",
                "wsrep_provider_options": ";".join(f"{k}={v}" for k, v in provider.items()),
            },
        )
        if peers:
            self.initialize()
            state = STATE.format(**peers[0].status())
            (self.data / "grastate.dat").write_text(state)

    def status(self):
        """Return the node's wsrep status variables."""
        return dict(query(self.watcher, "SHOW GLOBAL STATUS LIKE 'wsrep_%'"))

    def is_synced(self):
        return self.status()["wsrep_local_state_comment"] == "Synced"

    def configure(self, **variables):
        """Set global variables."""
        for name, value in variables.items():
            query(self.watcher, f"SET GLOBAL {name} = %s", (value,))

    def isolate(self):
        """Drop all replication traffic of this node, in both directions."""
        self.configure(wsrep_provider_options="gmcast.isolate=1")

    @contextmanager
    def rejecting(self):
        """Reject all statements with error 1047, as outside the primary component."""
        self.configure(wsrep_reject_queries="ALL")
        try:
            yield
        finally:
            self.configure(wsrep_reject_queries="NONE")


@contextmanager
def start_galera(nodes=1, **provider_options):
    """Run a cluster; yields its nodes. The first one alone has a majority of the votes."""
    if not PROVIDER.exists():
        apt_install(["galera-4"], why=WHY)
    port, started = free_port(), []
    with ExitStack() as stack:
        for number in range(1, nodes + 1):
            options = {"pc.weight": nodes if number == 1 else 1, **provider_options}
            node = GaleraNode(number, port, started, options)
            started.append(stack.enter_context(node))
            assert settles(node.is_synced), node.log.read_text()
        yield started


def words_on(node):
    """Create a database with the tables of the tests; returns its URL on this node."""
    url = node.create_database()
    with closing(node.connect(url)) as root:
        query(root, WORDS)
        query(root, commit_tokens.DDL)
    return url
