"""SQL for the progress of imports."""

from dataclasses import asdict, dataclass

from app.db.transaction import Transaction
from app.resources.students.imports.lines import Position


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of the import of a file."""

    import_progress_id: int
    position: int
    line_number: int
    stored_lines: int
    rejected_lines: int
    report_size: int

    @property
    def file_position(self) -> Position:
        """The position in the file at which the import continues."""
        return Position(self.position, self.line_number)


def find_or_add(tx: Transaction, fingerprint: bytes, *, again: bool) -> Progress:
    """Return the progress for the file with this fingerprint; `again` resets it."""
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
    """Return the progress and lock its row until the end of the transaction."""
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
    """Store the progress, in the transaction that stores the students."""
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
