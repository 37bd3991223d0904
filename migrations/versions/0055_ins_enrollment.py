"""Trigger: add a new enrollment to the results of its course."""

from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS ins_enrollment AFTER INSERT ON enrollment FOR EACH ROW
          INSERT INTO course_result (course_id, enrollments, completions)
          VALUES (NEW.course_id, 1, NEW.completion_date IS NOT NULL)
          ON DUPLICATE KEY UPDATE
            enrollments = enrollments + 1,
            completions = completions + (NEW.completion_date IS NOT NULL)
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS ins_enrollment")
