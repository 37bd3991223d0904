"""SQL on attempts."""

from app.auth.caller import Caller
from app.db.transaction import Reader, Row
from app.students.queries import visible_to


def list_of_student_in_chapter(
    db: Reader, caller: Caller, student_id: int, chapter_id: int
) -> list[Row] | None:
    """List a student's attempts at a chapter's assessments, oldest first.

    None if there is no such student for this caller. One statement: a student
    without attempts is one row of NULLs.
    """
    visible = visible_to(caller)
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
        """,  # noqa: S608 - the scope is one of three constants
        (chapter_id, *visible.params, student_id),
    )
    if not rows:
        return None
    return [row for row in rows if row["attemptId"] is not None]
