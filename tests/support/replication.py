"""A primary and a replica with GTIDs, as private servers."""

import time
from contextlib import ExitStack, closing, contextmanager

from tests.support.database import query
from tests.support.server import FLAVOR, SERVER_ARGUMENTS, CopiedServer

IS_MARIADB = FLAVOR == "mariadb"
OPTIONS = {
    "log_bin": "binlog",
    "log_bin_trust_function_creators": 1,  # the schema has triggers and functions
    **({} if IS_MARIADB else {"gtid_mode": "ON", "enforce_gtid_consistency": "ON"}),
}
APPLIER = "SLAVE SQL_THREAD" if IS_MARIADB else "REPLICA SQL_THREAD"
RECEIVER = "SLAVE IO_THREAD" if IS_MARIADB else "REPLICA IO_THREAD"
REPLICATION = "SLAVE" if IS_MARIADB else "REPLICA"
USER = "replicator"
MAX_PASSWORD = 32  # of MySQL's replication


class Replica:
    """The replica's server and what a test does to its replication."""

    def __init__(self, server: CopiedServer, primary: CopiedServer) -> None:
        self.server = server
        self.primary = primary

    def configure(self):
        """Start replication from the first transaction of the primary's binary log."""
        password = self.primary.secret("replication")[:MAX_PASSWORD]
        with closing(self.primary.connect()) as connection:
            query(connection, f"CREATE USER {USER}@'%%' IDENTIFIED BY %s", (password,))
            query(connection, f"GRANT REPLICATION SLAVE ON *.* TO {USER}@'%'")
        source = "MASTER" if IS_MARIADB else "SOURCE"
        change = "CHANGE MASTER TO" if IS_MARIADB else "CHANGE REPLICATION SOURCE TO"
        position = "MASTER_USE_GTID=slave_pos" if IS_MARIADB else "SOURCE_AUTO_POSITION=1"
        secure = "" if IS_MARIADB else ", GET_SOURCE_PUBLIC_KEY=1"
        self.run(
            f"{change} {source}_HOST='127.0.0.1', {source}_PORT={self.primary.port}, "
            f"{source}_USER='{USER}', {source}_PASSWORD='{password}', {position}{secure}, "
            f"{source}_CONNECT_RETRY=1",
            f"START {REPLICATION}",
        )

    def run(self, *statements):
        with closing(self.server.connect()) as connection:
            return [query(connection, statement) for statement in statements][-1]

    @contextmanager
    def stopped(self):
        """Apply nothing during the block."""
        self.run(f"STOP {APPLIER}")
        try:
            yield
        finally:
            self.run(f"START {APPLIER}")
            self.wait()

    @contextmanager
    def disconnected(self):
        """Receive nothing during the block."""
        self.run(f"STOP {RECEIVER}")
        try:
            yield
        finally:
            self.run(f"START {RECEIVER}")
            self.wait()

    @contextmanager
    def delayed(self, seconds):
        """Apply each transaction so many seconds after it was committed."""
        self.delay(seconds)
        try:
            yield
        finally:
            self.delay(0)
            self.wait()

    def delay(self, seconds):
        change = (
            f"CHANGE MASTER TO MASTER_DELAY={seconds}"
            if IS_MARIADB
            else f"CHANGE REPLICATION SOURCE TO SOURCE_DELAY={seconds}"
        )
        stop, start = (REPLICATION, REPLICATION) if IS_MARIADB else (APPLIER, APPLIER)
        self.run(f"STOP {stop}", change, f"START {start}")

    def wait(self):
        """Wait until the replica has applied everything that the primary has committed."""
        variable = "gtid_binlog_pos" if IS_MARIADB else "gtid_executed"
        wait = "MASTER_GTID_WAIT" if IS_MARIADB else "WAIT_FOR_EXECUTED_GTID_SET"
        with closing(self.primary.connect()) as connection:
            ((position,),) = query(connection, f"SELECT @@GLOBAL.{variable}")
        ((result,),) = self.run(f"SELECT {wait}('{position}', 60)")
        assert result == 0, self.run(f"SHOW {REPLICATION} STATUS")

    def url(self, url):
        """Return the URL of the same database on the replica."""
        return url.replace(f":{self.primary.port}/", f":{self.server.port}/")


@contextmanager
def replicated():
    """Run a primary and its replica; yields the `Replica`, which has applied everything."""
    with ExitStack() as stack:
        primary, copy = (
            CopiedServer(**SERVER_ARGUMENTS, options={"server_id": number, **OPTIONS})
            for number in (1, 2)
        )
        copy.options["read_only"] = 1
        copy.initialize()
        (copy.data / "auto.cnf").unlink(missing_ok=True)  # MySQL: the same UUID as the primary
        stack.enter_context(primary)
        stack.enter_context(copy)
        replica = Replica(copy, primary)
        replica.configure()
        replica.wait()
        yield replica


def wait_until(is_true, what, seconds=30):
    """Call a function until it returns something true; returns that."""
    deadline = time.monotonic() + seconds
    while not (found := is_true()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return found
