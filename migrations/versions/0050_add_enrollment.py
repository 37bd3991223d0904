"""Procedure: add an enrollment to the results of its course, or subtract it."""

from alembic import op

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.execute("""
        CREATE PROCEDURE IF NOT EXISTS add_enrollment(
          IN p_course_id SMALLINT UNSIGNED, IN p_completion_date DATETIME, IN p_number INT
        )
        MODIFIES SQL DATA
        SQL SECURITY INVOKER
        INSERT INTO course_result (course_id, enrollments, completions)
        VALUES (p_course_id, p_number, p_number * (p_completion_date IS NOT NULL))
        ON DUPLICATE KEY UPDATE
          enrollments = enrollments + p_number,
          completions = completions + p_number * (p_completion_date IS NOT NULL)
    """)


def downgrade() -> None:
    op.execute("DROP PROCEDURE IF EXISTS add_enrollment")
