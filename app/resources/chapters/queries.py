"""SQL for chapters."""

from typing import Any

from app.db.transaction import Transaction
from app.http.caller import Caller
from app.resources.chapters.schemas import Chapter
from app.resources.courses.queries import taught_by
from app.sql.select import ALL_ROWS, Condition, Select, ToMany, ToOne

SELECT = Select(
    Chapter,
    table="chapter",
    key="chapter_id",
    embeds={
        "course": ToOne("JOIN course ON course.course_id = chapter.course_id"),
        "assessments": ToMany(
            "assessment WHERE assessment.chapter_id = chapter.chapter_id",
            table="assessment",
            order="assessment.assessment_id",
            list_url="/v1/assessments?chapter_id=",
        ),
    },
    filters={"q": "chapter.title LIKE %s"},
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for chapters the caller may see: all."""
    return ALL_ROWS


def writable_by(caller: Caller) -> Condition:
    """Say which chapters a caller may change: all, or those of the courses they teach."""
    return taught_by(caller, "chapter.course_id")


def insert(tx: Transaction, chapter: dict[str, Any]) -> int:
    """Insert a new chapter of a course and return its key."""
    tx.execute(
        """
        INSERT INTO chapter (course_id, chapter_number, title)
        VALUES (%(course_id)s, %(chapter_number)s, %(title)s)
        """,
        chapter,
    )
    return tx.last_row_id


def update(tx: Transaction, chapter_id: int, chapter: dict[str, Any]) -> None:
    """Update a chapter; its course cannot change."""
    tx.execute(
        """
        UPDATE chapter SET chapter_number = %(chapter_number)s, title = %(title)s
        WHERE chapter_id = %(chapter_id)s
        """,
        {**chapter, "chapter_id": chapter_id},
    )


def delete(tx: Transaction, chapter_id: int) -> None:
    """Delete a chapter."""
    tx.execute("DELETE FROM chapter WHERE chapter_id = %s", (chapter_id,))
