"""View: progress of each enrolled student in each chapter."""

from alembic import op

revision = "0025"
down_revision = "0024"


# Query it with a condition on student_id or enrollment_id: MySQL and MariaDB push it down into
# the grouping, so only the rows of that student are read.
def upgrade() -> None:
    op.execute("""
        CREATE OR REPLACE SQL SECURITY INVOKER VIEW chapter_progress AS
        SELECT
          enrollment.student_id, enrollment.enrollment_id, chapter.course_id, chapter.chapter_id,
          chapter.chapter_number, chapter.title,
          COUNT(DISTINCT assessment.assessment_id) AS assessments,
          COUNT(DISTINCT attempt.assessment_id) AS attempted,
          COUNT(DISTINCT CASE WHEN attempt.score >= assessment.pass_score
            THEN assessment.assessment_id END) AS passed,
          COUNT(attempt.attempt_id) AS attempts,
          CAST(AVG(attempt.score) AS DECIMAL(5,2)) AS average_score,
          MAX(attempt.score) AS best_score
        FROM enrollment
        JOIN chapter ON chapter.course_id = enrollment.course_id
        LEFT JOIN assessment ON assessment.chapter_id = chapter.chapter_id
        LEFT JOIN attempt ON attempt.enrollment_id = enrollment.enrollment_id
          AND attempt.assessment_id = assessment.assessment_id
        GROUP BY
          enrollment.student_id, enrollment.enrollment_id, chapter.course_id, chapter.chapter_id,
          chapter.chapter_number, chapter.title
    """)


def downgrade() -> None:
    op.execute("DROP VIEW IF EXISTS chapter_progress")
