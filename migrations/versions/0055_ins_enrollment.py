"""Trigger: add a new enrollment to the results of its course."""

from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS ins_enrollment AFTER INSERT ON enrollment FOR EACH ROW
          CALL add_enrollment(NEW.course_id, NEW.completion_date, 1)
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS ins_enrollment")
