"""SQL for subjects."""

from typing import Any

from app.db.transaction import Transaction
from app.http.caller import Caller
from app.resources.subjects.schemas import Subject
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.filters import Check, Lookup
from app.sql.select import Select

SELECT = Select(
    Subject,
    table="subject",
    key="subject_id",
    filters={
        "course_id": Lookup(
            "(SELECT COUNT(*) FROM course_subject WHERE course_subject.course_id = %s"
            " AND course_subject.subject_id = subject.subject_id) = 1",
            keys="SELECT course_subject.subject_id FROM course_subject"
            " WHERE course_subject.course_id = %s",
        ),
        "q": Check("subject.name LIKE %s"),
    },
    indexes={"idx_unique_name": ("name",)},
    unique=frozenset({"name"}),
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for subjects the caller may see: all."""
    return ALL_ROWS


def insert(tx: Transaction, subject: dict[str, Any]) -> int:
    """Insert a new subject and return its key."""
    tx.execute("INSERT INTO subject (name) VALUES (%(name)s)", subject)
    return tx.last_row_id


def update(tx: Transaction, subject_id: int, subject: dict[str, Any]) -> None:
    """Update a subject."""
    tx.execute(
        "UPDATE subject SET name = %(name)s WHERE subject_id = %(subject_id)s",
        {**subject, "subject_id": subject_id},
    )


def delete(tx: Transaction, subject_id: int) -> None:
    """Delete a subject."""
    tx.execute("DELETE FROM subject WHERE subject_id = %s", (subject_id,))
