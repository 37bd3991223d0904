"""Fills tables of summaries with existing rows, while others write to them.

The triggers that maintain a summary exist before it is filled. Each of its rows is computed and
committed in a transaction of its own, which locks the rows that are counted: a concurrent write is
either counted or, if it is waiting for the lock, added by its trigger afterwards. It waits for as
long as the rows of one course or assessment take to count. Filling can be repeated.
"""

from alembic import op
from sqlalchemy import text

from migrations.conflicts import retry

# MariaDB and MySQL lock the rows that INSERT ... SELECT reads under REPEATABLE READ.
STATEMENTS = {
    "assessment_result": """
        REPLACE INTO assessment_result (assessment_id, attempts, passed, score_total)
        SELECT assessment.assessment_id, COUNT(attempt.attempt_id),
               COALESCE(SUM(attempt.score >= assessment.pass_score), 0),
               COALESCE(SUM(attempt.score), 0)
        FROM assessment LEFT JOIN attempt ON attempt.assessment_id = assessment.assessment_id
        WHERE assessment.assessment_id = :key
        GROUP BY assessment.assessment_id
    """,
    "course_result": """
        REPLACE INTO course_result (course_id, enrollments, completions)
        SELECT course.course_id, COUNT(enrollment.enrollment_id), COUNT(enrollment.completion_date)
        FROM course LEFT JOIN enrollment ON enrollment.course_id = course.course_id
        WHERE course.course_id = :key
        GROUP BY course.course_id
    """,
}


def fill(summary: str, table: str) -> None:
    """Compute the summary of each row of a table."""
    connection = op.get_bind()
    keys = connection.scalars(text(f"SELECT {table}_id FROM {table} ORDER BY 1")).all()  # noqa: S608
    connection.execute(text("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    connection.commit()
    for key in keys:

        def count(key: int = key) -> None:
            connection.execute(text(STATEMENTS[summary]), {"key": key})
            connection.commit()

        retry(connection, count)
