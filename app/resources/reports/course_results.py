"""SQL for the results of courses.

The same figures as the view `results_by_course`, but from tables that triggers maintain: the view
counts all enrollments and attempts, of which a course may have hundreds of thousands.
"""

from app.http.caller import Caller
from app.resources.courses.queries import TAUGHT_BY
from app.resources.reports.schemas import CourseResults
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.select import Select


def of_assessments(value: str) -> str:
    """Return the SQL of an aggregate of the results of a course's assessments."""
    return (
        f"(SELECT {value} FROM chapter"  # noqa: S608 - constants of this module
        " JOIN assessment ON assessment.chapter_id = chapter.chapter_id"
        " JOIN assessment_result AS result ON result.assessment_id = assessment.assessment_id"
        " WHERE chapter.course_id = course.course_id)"
    )


def of_course(column: str) -> str:
    """Return the SQL of a column of the results of a course; 0 if there are none yet."""
    return (
        f"COALESCE((SELECT course_result.{column} FROM course_result"  # noqa: S608
        " WHERE course_result.course_id = course.course_id), 0)"
    )


def ratio(total: str) -> str:
    """Return the SQL of a total divided by the number of attempts; NULL if there are none."""
    return of_assessments(f"CAST({total} / NULLIF(SUM(result.attempts), 0) AS DECIMAL(5,2))")


SELECT = Select(
    CourseResults,
    table="course",
    key="course_id",
    columns={
        "enrollments": of_course("enrollments"),
        "completions": of_course("completions"),
        "attempts": of_assessments("COALESCE(SUM(result.attempts), 0)"),
        "average_score": ratio("SUM(result.score_total)"),
        "pass_percentage": ratio("100.0000 * SUM(result.passed)"),
    },
)


def visible_to(caller: Caller) -> Condition:
    """Return the condition for courses whose results the caller may see.

    Administrators: all; staff: those they teach.
    """
    return ALL_ROWS if caller.role == "admin" else TAUGHT_BY.condition(caller.staff_id)
