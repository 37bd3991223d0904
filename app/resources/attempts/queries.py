"""SQL for attempts."""

from typing import Any

from app.db.errors import MissingReference
from app.db.transaction import Reader, Row, Transaction
from app.http.caller import Caller, caller
from app.resources.attempts.schemas import Attempt
from app.resources.enrollments import queries as enrollments
from app.resources.students import queries as students
from app.sql.conditions import ALL_ROWS, NO_ROWS, Condition, KeyQuery
from app.sql.filters import Check, Lookup, Range
from app.sql.select import Select, ToOne

OF_STUDENT = Lookup(
    "(SELECT enrollment.student_id FROM enrollment"
    " WHERE enrollment.enrollment_id = attempt.enrollment_id) = %s",
    keys="SELECT attempt.attempt_id FROM enrollment"
    " LEFT JOIN attempt ON attempt.enrollment_id = enrollment.enrollment_id"
    " WHERE enrollment.student_id = %s",
)
KEYS = enrollments.keys_of_campus_or_taught(
    "attempt.attempt_id", "LEFT JOIN attempt ON attempt.enrollment_id = enrollment.enrollment_id"
)

SELECT = Select(
    Attempt,
    table="attempt",
    key="attempt_id",
    embeds={
        "assessment": ToOne(
            "LEFT JOIN assessment ON assessment.assessment_id = attempt.assessment_id"
        ),
        "enrollment": ToOne(
            "LEFT JOIN enrollment ON enrollment.enrollment_id = attempt.enrollment_id"
            " LEFT JOIN student ON student.student_id = enrollment.student_id"
        ),
    },
    filters={
        "student_id": OF_STUDENT,
        "min_score": Check("attempt.score >= %s"),
        "max_score": Check("attempt.score <= %s"),
        "attempted_since": Range("attempt", "attempt_date", ">="),
        "attempted_before": Range("attempt", "attempt_date", "<"),
    },
    indexes={
        "idx_enrollment_id_assessment_id_score": ("enrollment_id", "assessment_id", "score"),
        "idx_assessment_id_attempt_date": ("assessment_id", "attempt_date"),
        "idx_fk_assessment_id": ("assessment_id",),
        "idx_attempt_date": ("attempt_date",),
    },
)


def visible_to(caller: Caller) -> Condition:
    """Return the condition for attempts the caller may see: those in visible enrollments."""
    if caller.role == "admin":
        return ALL_ROWS
    if caller.role == "student":
        return OF_STUDENT.condition(caller.student_id)
    visible = enrollments.visible_to(caller)
    return Condition(
        f"(SELECT {visible.sql} FROM enrollment"  # noqa: S608 - a constant of the enrollments module
        " WHERE enrollment.enrollment_id = attempt.enrollment_id)",
        visible.params,
        keys=KeyQuery(KEYS, visible.params),
        is_selective=False,
    )


def writable_by(caller: Caller) -> Condition:
    """Return the attempts that a caller may write: those they may see; none for students."""
    return NO_ROWS if caller.role == "student" else visible_to(caller)


def insert(tx: Transaction, attempt: dict[str, Any]) -> int:
    """Insert a new attempt in an enrollment the caller may see, and return its key.

    Raises `MissingReference` if the enrollment is hidden or does not exist, and if its course has
    no such assessment.
    """
    visible = enrollments.visible_to(caller())
    stored = tx.execute(
        f"""
        INSERT INTO attempt (enrollment_id, assessment_id, score, attempt_date)
        SELECT enrollment.enrollment_id, assessment.assessment_id, %s, COALESCE(%s, NOW())
        FROM enrollment
        JOIN chapter ON chapter.course_id = enrollment.course_id
        JOIN assessment ON assessment.chapter_id = chapter.chapter_id
        WHERE enrollment.enrollment_id = %s AND assessment.assessment_id = %s AND {visible.sql}
        """,  # noqa: S608 - a constant of the enrollments module
        (
            attempt["score"],
            attempt["attempt_date"],
            attempt["enrollment_id"],
            attempt["assessment_id"],
            *visible.params,
        ),
    )
    if not stored:
        raise _missing_reference(tx, attempt["enrollment_id"])
    return tx.last_row_id


def update(tx: Transaction, attempt_id: int, attempt: dict[str, Any]) -> None:
    """Update the score and the date of an attempt."""
    tx.execute(
        """
        UPDATE attempt SET score = %(score)s, attempt_date = %(attempt_date)s
        WHERE attempt_id = %(attempt_id)s
        """,
        {**attempt, "attempt_id": attempt_id},
    )


def delete(tx: Transaction, attempt_id: int) -> None:
    """Delete an attempt."""
    tx.execute("DELETE FROM attempt WHERE attempt_id = %s", (attempt_id,))


def list_of_student_in_chapter(
    db: Reader, caller: Caller, student_id: int, chapter_id: int, *, limit: int
) -> list[Row] | None:
    """Return the first attempts of a student at the assessments of a chapter, at most `limit`.

    Returns None if the student does not exist or is not visible to the caller. This takes one
    statement: a student without attempts yields one row of NULLs.
    """
    visible = students.visible_to(caller)
    rows = db.fetch_all(
        f"""
        SELECT attempt.attempt_id AS attemptId, assessment.assessment_id AS assessmentId,
               assessment.title, attempt.score, attempt.attempt_date AS attemptDate
        FROM student
        LEFT JOIN (enrollment
                   JOIN attempt ON attempt.enrollment_id = enrollment.enrollment_id
                   JOIN assessment ON assessment.assessment_id = attempt.assessment_id
                                  AND assessment.chapter_id = %s)
               ON enrollment.student_id = student.student_id
        WHERE {visible.sql} AND student.student_id = %s
        ORDER BY attempt.attempt_date, attempt.attempt_id
        LIMIT %s
        """,  # noqa: S608 - the condition is one of three constants
        (chapter_id, *visible.params, student_id, limit),
    )
    if not rows:
        return None
    return [row for row in rows if row["attemptId"] is not None]


def _missing_reference(tx: Transaction, enrollment_id: int) -> MissingReference:
    """Return the error that names the row that is missing or hidden."""
    found = enrollments.SELECT.contains(tx, enrollment_id, enrollments.visible_to(caller()))
    return MissingReference.of("assessment_id" if found else "enrollment_id")
