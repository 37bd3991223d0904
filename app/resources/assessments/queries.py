"""SQL for assessments."""

from typing import Any

from app.db.errors import MissingReference
from app.db.transaction import Transaction
from app.http.caller import Caller, caller
from app.resources.assessments.schemas import Assessment
from app.resources.chapters import queries as chapters
from app.resources.courses.queries import taught_by
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.filters import Check, Lookup
from app.sql.select import Select, ToOne

COURSE_ID = (
    "(SELECT chapter.course_id FROM chapter WHERE chapter.chapter_id = assessment.chapter_id)"
)

SELECT = Select(
    Assessment,
    table="assessment",
    key="assessment_id",
    embeds={
        "chapter": ToOne(
            "JOIN chapter ON chapter.chapter_id = assessment.chapter_id"
            " JOIN course ON course.course_id = chapter.course_id"
        ),
    },
    filters={
        "course_id": Lookup(
            f"{COURSE_ID} = %s",
            keys="SELECT assessment.assessment_id FROM chapter"
            " LEFT JOIN assessment ON assessment.chapter_id = chapter.chapter_id"
            " WHERE chapter.course_id = %s",
        ),
        "q": Check("assessment.title LIKE %s"),
    },
    indexes={"idx_fk_chapter_id": ("chapter_id",), "idx_title": ("title",)},
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for assessments the caller may see: all."""
    return ALL_ROWS


def writable_by(caller: Caller) -> Condition:
    """Say which assessments a caller may change: all, or those of the courses they teach."""
    return taught_by(caller, COURSE_ID)


def insert(tx: Transaction, assessment: dict[str, Any]) -> int:
    """Insert a new assessment of a chapter and return its key; 0 if the caller may not write it.

    The statement checks that, so that a rejected insert uses no key up.
    """
    key = assessment["chapter_id"]
    writable = chapters.writable_by(caller())
    stored = tx.execute(
        f"""
        INSERT INTO assessment (chapter_id, title, kind, pass_score)
        SELECT chapter.chapter_id, %s, %s, %s FROM chapter
        WHERE chapter.chapter_id = %s AND {writable.sql}
        """,  # noqa: S608 - a constant of the courses module
        (
            assessment["title"],
            assessment["kind"],
            assessment["pass_score"],
            key,
            *writable.params,
        ),
    )
    if not stored and not chapters.SELECT.contains(tx, key, chapters.visible_to(caller())):
        raise MissingReference.of("chapter_id")
    return tx.last_row_id if stored else 0


def update(tx: Transaction, assessment_id: int, assessment: dict[str, Any]) -> None:
    """Update an assessment; its chapter cannot change."""
    tx.execute(
        """
        UPDATE assessment SET title = %(title)s, kind = %(kind)s, pass_score = %(pass_score)s
        WHERE assessment_id = %(assessment_id)s
        """,
        {**assessment, "assessment_id": assessment_id},
    )


def delete(tx: Transaction, assessment_id: int) -> None:
    """Delete an assessment."""
    tx.execute("DELETE FROM assessment WHERE assessment_id = %s", (assessment_id,))
