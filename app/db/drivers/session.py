"""The session settings, in one statement, independent of the server's own defaults."""

from ..config import DatabaseConfig


def session_statement(config: DatabaseConfig) -> str:
    """Return the first statement of each connection.

    Names and texts are utf8mb4, times UTC, and a value that does not fit is
    rejected instead of truncated: TRADITIONAL is the mode that Sakila's own
    scripts set. The servers' defaults of 50 s for a row lock and of a day
    (MariaDB) or a year (MySQL) for a metadata lock are longer than most clients
    wait: `lock_wait_timeout` limits the wait behind LOCK TABLES, ALTER TABLE
    and FLUSH TABLES WITH READ LOCK. MySQL truncates GROUP_CONCAT at 1,024 bytes by default,
    MariaDB at this megabyte.
    """
    return (
        "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'TRADITIONAL', "
        f"innodb_lock_wait_timeout = {config.lock_timeout_seconds}, "
        f"lock_wait_timeout = {config.lock_timeout_seconds}, "
        "group_concat_max_len = 1048576"
    )
