"""Trigger: subtract a deleted enrollment from the results of its course."""

from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS del_enrollment AFTER DELETE ON enrollment FOR EACH ROW
          CALL add_enrollment(OLD.course_id, OLD.completion_date, -1)
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS del_enrollment")
