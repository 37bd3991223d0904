"""Trigger: count the passed attempts again if the pass score changes."""

from alembic import op

revision = "0054"
down_revision = "0053"

# No attempt is added meanwhile: it needs a lock on the row of its assessment, which this update
# holds. A deleted or changed attempt may cause a deadlock, which the service resolves.


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS upd_assessment AFTER UPDATE ON assessment FOR EACH ROW
          IF NEW.pass_score <> OLD.pass_score THEN
            UPDATE assessment_result
            SET passed = (SELECT COUNT(*) FROM attempt
                          WHERE attempt.assessment_id = NEW.assessment_id
                            AND attempt.score >= NEW.pass_score)
            WHERE assessment_id = NEW.assessment_id;
          END IF
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS upd_assessment")
