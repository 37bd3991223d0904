"""A MySQL group of one member on this machine; only where the tests run on MySQL."""

from contextlib import contextmanager

from dev.keep import free_port
from tests.support.database import query
from tests.support.server import SERVER_ARGUMENTS, DatabaseServer

# The state of the members is visible only with this privilege.
GRANT = "GRANT SELECT ON performance_schema.replication_group_members TO service@'%'"
START = (
    "SET GLOBAL group_replication_bootstrap_group = ON",
    "START GROUP_REPLICATION",
    "SET GLOBAL group_replication_bootstrap_group = OFF",
)


class GroupMember(DatabaseServer):
    """A server that has formed a group of its own."""

    def start(self):
        super().start()
        self._form_a_group()

    @contextmanager
    def rejecting(self):
        """Leave the group for the length of the block; the server is read-only meanwhile."""
        query(self.watcher, "STOP GROUP_REPLICATION")
        try:
            yield
        finally:
            self._form_a_group()

    def _form_a_group(self):
        for statement in START:
            query(self.watcher, statement)


@contextmanager
def start_group():
    """Run a group; yields its members."""
    address = f"127.0.0.1:{free_port()}"
    options = {
        "server_id": 1,
        "skip_log_bin": "OFF",
        "log_bin": "bin",
        "gtid_mode": "ON",
        "enforce_gtid_consistency": "ON",
        "log_bin_trust_function_creators": "ON",
        "performance_schema": "ON",
        "report_host": "127.0.0.1",
        "plugin_load_add": "group_replication.so",
        "loose_group_replication_group_name": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "loose_group_replication_local_address": address,
        "loose_group_replication_group_seeds": address,
        "loose_group_replication_communication_stack": "XCOM",
        "loose_group_replication_start_on_boot": "OFF",
        "loose_group_replication_unreachable_majority_timeout": 5,
    }
    with GroupMember(**SERVER_ARGUMENTS, options=options) as member:
        member.create_user("service")
        query(member.watcher, GRANT)
        yield [member]
