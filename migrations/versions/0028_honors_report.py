"""Procedure: students with a high average over enough attempts, best first."""

from alembic import op

revision = "0028"
down_revision = "0027"


# The average equals student_average: a student can enroll in a course only once, so an assessment
# belongs to one enrollment of the student. Grouping the students in a separate derived table looks
# cheaper, but MariaDB 10.11 then recomputes it for every student.
def upgrade() -> None:
    op.execute("""
        CREATE PROCEDURE IF NOT EXISTS honors_report(
          IN p_min_average DECIMAL(5,2), IN p_min_attempts INT UNSIGNED
        )
        READS SQL DATA
        SQL SECURITY INVOKER
        BEGIN
          SELECT
            student.student_id, student.first_name, student.last_name, student.email,
            CAST(AVG(best.score) AS DECIMAL(5,2)) AS average_score,
            SUM(best.attempts) AS attempts
          FROM (
            SELECT enrollment_id, MAX(score) AS score, COUNT(*) AS attempts
            FROM attempt
            GROUP BY enrollment_id, assessment_id
          ) AS best
          JOIN enrollment ON enrollment.enrollment_id = best.enrollment_id
          JOIN student ON student.student_id = enrollment.student_id
          GROUP BY student.student_id
          HAVING CAST(AVG(best.score) AS DECIMAL(5,2)) >= p_min_average
            AND SUM(best.attempts) >= p_min_attempts
          ORDER BY average_score DESC, student.student_id;
        END
    """)


def downgrade() -> None:
    op.execute("DROP PROCEDURE IF EXISTS honors_report")
