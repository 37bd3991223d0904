"""Trigger: update a changed course in course_text."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS upd_course AFTER UPDATE ON course FOR EACH ROW
          UPDATE course_text
          SET course_id = NEW.course_id, title = NEW.title, description = NEW.description
          WHERE course_id = OLD.course_id
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS upd_course")
