"""What every session is told, in one statement, whatever the server's own defaults are."""

from app.settings import Settings


def session_statement(settings: Settings) -> str:
    """Write the statement that is sent first on each connection.

    Names and texts travel as utf8mb4, times as UTC, and a value that does not
    fit is refused instead of cut: TRADITIONAL is the mode that Sakila's own
    scripts set. The server's own 50 s of waiting for a row lock would outlast
    the client that asked. MySQL cuts GROUP_CONCAT at 1,024 bytes by default,
    MariaDB at this megabyte.
    """
    return (
        "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'TRADITIONAL', "
        f"innodb_lock_wait_timeout = {settings.db_lock_timeout_seconds}, "
        "group_concat_max_len = 1048576"
    )
