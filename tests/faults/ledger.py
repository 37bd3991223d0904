"""Ledger: comparison of what the database holds with what the clients were told.

An entry is one transaction that writes two rows, its halves. An entry that was stored partially,
stored twice or written on two connections can be distinguished from one stored once and whole.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Literal

from app.db import commit_tokens
from app.operations import schema
from tests.support.server import DatabaseServer

# What a client was told about an entry; "nothing" if it received no response or a bare 500.
Reported = Literal["stored", "not stored", "unknown", "nothing"]

COUNTERS = 32
ROWS = ", ".join(f"({number})" for number in range(1, COUNTERS + 1))
STATEMENTS = (
    "DROP TABLE IF EXISTS ledger, ledger_key, counter, commit_token, alembic_version",
    "DROP PROCEDURE IF EXISTS leave_open",
    """CREATE TABLE ledger (
        ledger_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        entry CHAR(32) CHARACTER SET ascii NOT NULL,
        half TINYINT UNSIGNED NOT NULL,
        connection_id BIGINT UNSIGNED NOT NULL,
        filler MEDIUMTEXT NOT NULL,
        INDEX idx_entry (entry)
    ) ENGINE=InnoDB""",
    """CREATE TABLE ledger_key (
        idempotency_key CHAR(32) CHARACTER SET ascii NOT NULL PRIMARY KEY
    ) ENGINE=InnoDB""",
    """CREATE TABLE counter (
        counter_id INT UNSIGNED NOT NULL PRIMARY KEY,
        touched INT UNSIGNED NOT NULL DEFAULT 0
    ) ENGINE=InnoDB""",
    f"INSERT INTO counter (counter_id) VALUES {ROWS}",
    # Of the service itself: commit tokens, and what /readyz reads.
    commit_tokens.DDL,
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
    f"INSERT INTO alembic_version VALUES ('{schema.newest()}')",
    """CREATE PROCEDURE leave_open (new_entry CHAR(32)) BEGIN
        START TRANSACTION;
        INSERT INTO ledger (entry, half, connection_id, filler)
            VALUES (new_entry, 1, CONNECTION_ID(), '');
        SELECT 1 AS one;
    END""",
)


@dataclass(frozen=True, slots=True)
class Discrepancies:
    """Number of wrong entries of each kind; all zero if the ledger is correct."""

    lost: int = 0  # reported as stored, but missing
    duplicated: int = 0  # a half is stored more than once
    partial: int = 0  # only one half is stored
    misreported: int = 0  # reported as not stored, but stored
    split: int = 0  # the halves were written on different connections

    @property
    def is_empty(self) -> bool:
        """Whether the database holds what the clients were told."""
        return self == Discrepancies()

    def __str__(self) -> str:
        wrong = [f"{count} {name}" for name, count in asdict(self).items() if count]
        return ", ".join(wrong) or "correct"


def create(server: DatabaseServer, url: str) -> None:
    """Create the tables and the procedure, replacing existing ones."""
    with closing(server.connect(url)) as root, root.cursor() as cursor:
        # A transaction left open by a fault may still hold a metadata lock.
        cursor.execute("SET SESSION lock_wait_timeout = 20")
        for statement in STATEMENTS:
            cursor.execute(statement)


def stored(server: DatabaseServer, url: str) -> dict[str, list[tuple[int, int]]]:
    """Return the stored halves of each entry as (half, connection id)."""
    entries: dict[str, list[tuple[int, int]]] = {}
    with closing(server.connect(url)) as root, root.cursor() as cursor:
        cursor.execute("SELECT entry, half, connection_id FROM ledger ORDER BY ledger_id")
        for entry, half, connection_id in cursor.fetchall():
            entries.setdefault(entry, []).append((half, connection_id))
    return entries


def compare(
    reported: Mapping[str, Reported], entries: Mapping[str, Iterable[tuple[int, int]]]
) -> Discrepancies:
    """Count the discrepancies, entry by entry."""
    wrong = dict.fromkeys(asdict(Discrepancies()), 0)
    for entry in reported.keys() | entries.keys():
        rows = list(entries.get(entry, ()))
        halves = [half for half, _ in rows]
        wrong["lost"] += reported.get(entry) == "stored" and not rows
        wrong["misreported"] += reported.get(entry) == "not stored" and bool(rows)
        wrong["duplicated"] += len(halves) > len(set(halves))
        wrong["partial"] += len(set(halves)) == 1
        wrong["split"] += len({connection for _, connection in rows}) > 1
    return Discrepancies(**wrong)
