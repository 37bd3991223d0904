"""What every session is told, in one statement, whatever the server's own defaults are."""

# Names and texts travel as utf8mb4, times as UTC, and a value that does not fit
# is refused instead of cut. TRADITIONAL is the mode that Sakila's own scripts set.
# MySQL cuts GROUP_CONCAT at 1,024 bytes by default, MariaDB at this megabyte.
SET_SESSION = (
    "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'TRADITIONAL', "
    "group_concat_max_len = 1048576"
)
