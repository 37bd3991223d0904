"""View: enrollments, attempts and scores per course."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.execute("""
        CREATE OR REPLACE SQL SECURITY INVOKER VIEW results_by_course AS
        SELECT
          course.course_id, course.title,
          COUNT(DISTINCT enrollment.enrollment_id) AS enrollments,
          COUNT(DISTINCT CASE WHEN enrollment.completion_date IS NOT NULL
            THEN enrollment.enrollment_id END) AS completions,
          COUNT(attempt.attempt_id) AS attempts,
          CAST(AVG(attempt.score) AS DECIMAL(5,2)) AS average_score,
          CAST(100.0000 * SUM(attempt.score >= assessment.pass_score)
            / NULLIF(COUNT(attempt.attempt_id), 0) AS DECIMAL(5,2)) AS pass_percentage
        FROM course
        LEFT JOIN enrollment ON enrollment.course_id = course.course_id
        LEFT JOIN attempt ON attempt.enrollment_id = enrollment.enrollment_id
        LEFT JOIN assessment ON assessment.assessment_id = attempt.assessment_id
        GROUP BY course.course_id, course.title
    """)


def downgrade() -> None:
    op.execute("DROP VIEW IF EXISTS results_by_course")
