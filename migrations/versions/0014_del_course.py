"""Trigger: delete a deleted course from course_text."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS del_course AFTER DELETE ON course FOR EACH ROW
          DELETE FROM course_text WHERE course_id = OLD.course_id
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS del_course")
