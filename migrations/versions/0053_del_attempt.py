"""Trigger: subtract a deleted attempt from the results of its assessment."""

from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS del_attempt AFTER DELETE ON attempt FOR EACH ROW
          CALL add_attempt(OLD.assessment_id, OLD.score, -1)
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS del_attempt")
