"""SQL on how far imports have come."""

from dataclasses import asdict, dataclass

from app.db.transaction import Transaction
from app.resources.students.imports.lines import Place


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the import of a file has come, and with what result."""

    import_progress_id: int
    position: int
    line_number: int
    stored_lines: int
    rejected_lines: int
    report_size: int

    @property
    def place(self) -> Place:
        """Where in the file to go on."""
        return Place(self.position, self.line_number)


def find_or_add(tx: Transaction, fingerprint: bytes, *, again: bool) -> Progress:
    """Find the file with this fingerprint, or add it; `again` forgets what was found."""
    values = {"fingerprint": fingerprint.hex()}
    if again:
        tx.execute("DELETE FROM import_progress WHERE fingerprint = UNHEX(%(fingerprint)s)", values)
    tx.execute(
        """
        INSERT INTO import_progress (fingerprint) VALUES (UNHEX(%(fingerprint)s))
        ON DUPLICATE KEY UPDATE fingerprint = fingerprint
        """,
        values,
    )
    row = tx.fetch_one(
        """
        SELECT import_progress_id, position, line_number, stored_lines, rejected_lines,
               report_size
        FROM import_progress WHERE fingerprint = UNHEX(%(fingerprint)s)
        """,
        values,
    )
    return Progress(**(row or {}))


def lock(tx: Transaction, import_progress_id: int) -> Progress | None:
    """Read how far it is, and keep others from going on until the COMMIT."""
    row = tx.fetch_one(
        """
        SELECT import_progress_id, position, line_number, stored_lines, rejected_lines,
               report_size
        FROM import_progress WHERE import_progress_id = %s FOR UPDATE
        """,
        (import_progress_id,),
    )
    return Progress(**row) if row else None


def save(tx: Transaction, progress: Progress) -> None:
    """Note how far it is now, in the transaction that came so far."""
    tx.execute(
        """
        UPDATE import_progress
        SET position = %(position)s, line_number = %(line_number)s,
            stored_lines = %(stored_lines)s, rejected_lines = %(rejected_lines)s,
            report_size = %(report_size)s
        WHERE import_progress_id = %(import_progress_id)s
        """,
        asdict(progress),
    )
