"""Trigger: update a changed attempt in the results of its assessment."""

from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS upd_attempt AFTER UPDATE ON attempt FOR EACH ROW
          IF NEW.assessment_id <> OLD.assessment_id OR NEW.score <> OLD.score THEN
            CALL add_attempt(OLD.assessment_id, OLD.score, -1);
            CALL add_attempt(NEW.assessment_id, NEW.score, 1);
          END IF
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS upd_attempt")
