"""SQL for chapters."""

from typing import Any

from app.db.errors import MissingReference
from app.db.transaction import Transaction
from app.http.caller import Caller, caller
from app.resources.chapters.schemas import Chapter
from app.resources.courses import queries as courses
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.filters import Check
from app.sql.select import Select, ToMany, ToOne

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
    filters={"q": Check("chapter.title LIKE %s")},
    indexes={
        "idx_unique_course_id_chapter_number": ("course_id", "chapter_number"),
        "idx_chapter_number": ("chapter_number",),
    },
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for chapters the caller may see: all."""
    return ALL_ROWS


def writable_by(caller: Caller) -> Condition:
    """Say which chapters a caller may change: all, or those of the courses they teach."""
    return courses.taught_by(caller, "chapter.course_id")


def insert(tx: Transaction, chapter: dict[str, Any]) -> int:
    """Insert a new chapter of a course and return its key; 0 if the caller may not write it.

    The statement checks that, so that a rejected insert uses no key up.
    """
    key = chapter["course_id"]
    writable = courses.writable_by(caller())
    stored = tx.execute(
        f"""
        INSERT INTO chapter (course_id, chapter_number, title)
        SELECT course.course_id, %s, %s FROM course
        WHERE course.course_id = %s AND {writable.sql}
        """,  # noqa: S608 - a constant of the courses module
        (chapter["chapter_number"], chapter["title"], key, *writable.params),
    )
    if not stored and not courses.SELECT.contains(tx, key, courses.visible_to(caller())):
        raise MissingReference.of("course_id")
    return tx.last_row_id if stored else 0


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
