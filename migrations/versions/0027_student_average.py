"""Function: mean of a student's best scores, one per assessment."""

from alembic import op

revision = "0027"
down_revision = "0026"


# Returns NULL for a student without attempts.
def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION IF NOT EXISTS student_average(p_student_id INT UNSIGNED)
        RETURNS DECIMAL(5,2)
        READS SQL DATA
        SQL SECURITY INVOKER
        BEGIN
          DECLARE v_average DECIMAL(5,2);

          SELECT AVG(best.score) INTO v_average
          FROM (
            SELECT MAX(attempt.score) AS score
            FROM enrollment
            JOIN attempt ON attempt.enrollment_id = enrollment.enrollment_id
            WHERE enrollment.student_id = p_student_id
            GROUP BY attempt.enrollment_id, attempt.assessment_id
          ) AS best;

          RETURN v_average;
        END
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS student_average")
