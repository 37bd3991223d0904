"""The session settings, in one statement, independent of the server's own defaults."""

from ..config import DatabaseConfig

# With wsrep_sync_wait = 1, Galera delays each query and each BEGIN until the node has applied all
# transactions committed before on any node; no other statement begins a transaction here. BEFORE
# is the same in Group Replication, for all transactions. Each server skips the other's comment.
CAUSAL = (
    "/*M!100100 , wsrep_sync_wait = 1 */"
    " /*!80014 , group_replication_consistency = 'BEFORE' */"
)  # fmt: skip
# For health checks: while a node waits for its cluster, it is not known to be useless.
WITHOUT_WAIT = (
    "SET @@SESSION.autocommit = 1 /*M!100100 , @@SESSION.wsrep_sync_wait = 0 */"
    " /*!80014 , @@SESSION.group_replication_consistency = 'EVENTUAL' */"
)


def session_statement(config: DatabaseConfig) -> str:
    """Return the first statement of each connection.

    Names and texts are utf8mb4, times UTC, and a value that does not fit is
    rejected instead of truncated: TRADITIONAL is the mode that Sakila's own
    scripts set. The servers' defaults of 50 s for a row lock and of a day
    (MariaDB) or a year (MySQL) for a metadata lock are longer than most clients
    wait: `lock_wait_timeout` limits the wait behind LOCK TABLES, ALTER TABLE
    and FLUSH TABLES WITH READ LOCK. MySQL truncates GROUP_CONCAT at 1,024 bytes
    by default, MariaDB at this megabyte. Autocommit mode is set explicitly: if it
    is off by default, MySQL's status flags (observed with 9.7) claim that it is
    on, and the drivers believe them.

    With `read_consistency="eventual"` the server's own default applies. A server without a cluster
    accepts both variables; MySQL knows its own since 8.0.14.
    """
    causal = f" {CAUSAL}" if config.read_consistency == "causal" else ""
    return (
        "SET NAMES utf8mb4, autocommit = 1, time_zone = '+00:00', sql_mode = 'TRADITIONAL', "
        f"innodb_lock_wait_timeout = {config.lock_timeout_seconds}, "
        f"lock_wait_timeout = {config.lock_timeout_seconds}, "
        f"group_concat_max_len = 1048576{causal}"
    )
