"""SQL for the results of courses.

The same figures as the view `results_by_course`, but computed from indexes only and only for the
courses of one page; the view groups the attempts of all courses first.
"""

from app.http.caller import Caller
from app.resources.reports.schemas import CourseResults
from app.sql.select import ALL_ROWS, Condition, Select

SCORES = (
    "FROM chapter"
    " JOIN assessment ON assessment.chapter_id = chapter.chapter_id"
    " JOIN attempt ON attempt.assessment_id = assessment.assessment_id"
    " WHERE chapter.course_id = course.course_id"
)
ENROLLMENTS = "FROM enrollment WHERE enrollment.course_id = course.course_id"

SELECT = Select(
    CourseResults,
    table="course",
    key="course_id",
    columns={
        "enrollments": f"(SELECT COUNT(*) {ENROLLMENTS})",
        "completions": f"(SELECT COUNT(enrollment.completion_date) {ENROLLMENTS})",
        "attempts": f"(SELECT COUNT(*) {SCORES})",
        "average_score": f"(SELECT CAST(AVG(attempt.score) AS DECIMAL(5,2)) {SCORES})",
        "pass_percentage": "(SELECT CAST(100.0000 * SUM(attempt.score >= assessment.pass_score)"
        f" / NULLIF(COUNT(*), 0) AS DECIMAL(5,2)) {SCORES})",
    },
)


def visible_to(caller: Caller) -> Condition:
    """Return the condition for courses whose results the caller may see.

    Administrators: all; staff: those they teach.
    """
    if caller.role == "admin":
        return ALL_ROWS
    taught = (
        "(SELECT COUNT(*) FROM course_staff"
        " WHERE course_staff.course_id = course.course_id AND course_staff.staff_id = %s) = 1"
    )
    return Condition(taught, (caller.staff_id,))
