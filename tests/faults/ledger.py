"""What the database holds, compared with what the clients were told.

An entry is one unit of work: two rows, its halves. So a unit that was stored by half, run twice
or spread over two connections can be told from one that was stored once and whole.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from tests.support.server import DatabaseServer

# What a client was told: stored; not stored; it may or may not be; nothing at all.
Told = Literal["stored", "not stored", "unknown", "nothing"]

COUNTERS = 32
ROWS = ", ".join(f"({number})" for number in range(1, COUNTERS + 1))
TABLES = (
    "DROP TABLE IF EXISTS ledger, ledger_key, counter",
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
)


@dataclass(frozen=True, slots=True)
class Balance:
    """How many entries are wrong, and in which way; all zero is right."""

    lost: int = 0  # the client was told that it is stored, and it is not
    doubled: int = 0  # a half is there more than once
    halved: int = 0  # one half is there, the other is not
    denied: int = 0  # the client was told that it is not stored, and it is
    torn: int = 0  # the halves were written on different connections

    @property
    def is_right(self) -> bool:
        """Whether the database holds what the clients were told."""
        return self == Balance()

    def __str__(self) -> str:
        names = ("lost", "doubled", "halved", "denied", "torn")
        wrong = [f"{getattr(self, name)} {name}" for name in names if getattr(self, name)]
        return ", ".join(wrong) or "right"


def create(server: DatabaseServer, url: str) -> None:
    """Make the tables anew, empty."""
    with closing(server.connect(url)) as root, root.cursor() as cursor:
        # A unit that a fault left behind may still hold a lock on them.
        cursor.execute("SET SESSION lock_wait_timeout = 20")
        for statement in TABLES:
            cursor.execute(statement)


def stored(server: DatabaseServer, url: str) -> dict[str, list[tuple[int, int]]]:
    """Read the halves of each entry, as (half, connection)."""
    entries: dict[str, list[tuple[int, int]]] = {}
    with closing(server.connect(url)) as root, root.cursor() as cursor:
        cursor.execute("SELECT entry, half, connection_id FROM ledger ORDER BY ledger_id")
        for entry, half, connection_id in cursor.fetchall():
            entries.setdefault(entry, []).append((half, connection_id))
    return entries


def compare(told: Mapping[str, Told], entries: Mapping[str, Iterable[tuple[int, int]]]) -> Balance:
    """Find what is wrong, entry by entry."""
    wrong = dict.fromkeys(("lost", "doubled", "halved", "denied", "torn"), 0)
    for entry in told.keys() | entries.keys():
        rows = list(entries.get(entry, ()))
        halves = [half for half, _ in rows]
        wrong["lost"] += told.get(entry) == "stored" and not rows
        wrong["denied"] += told.get(entry) == "not stored" and bool(rows)
        wrong["doubled"] += len(halves) > len(set(halves))
        wrong["halved"] += len(set(halves)) == 1
        wrong["torn"] += len({connection for _, connection in rows}) > 1
    return Balance(**wrong)
