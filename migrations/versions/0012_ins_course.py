"""Trigger: insert a new course into course_text."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS ins_course AFTER INSERT ON course FOR EACH ROW
          INSERT INTO course_text (course_id, title, description)
          VALUES (NEW.course_id, NEW.title, NEW.description)
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS ins_course")
