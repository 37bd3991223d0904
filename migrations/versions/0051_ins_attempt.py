"""Trigger: add a new attempt to the results of its assessment."""

from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS ins_attempt AFTER INSERT ON attempt FOR EACH ROW
          CALL add_attempt(NEW.assessment_id, NEW.score, 1)
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS ins_attempt")
