"""Trigger: add a new attempt to the results of its assessment."""

from alembic import op

revision = "0051"
down_revision = "0050"

# Not add_attempt: calling a procedure for each row takes longer than this statement. The foreign
# key has locked the row of the assessment.


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS ins_attempt AFTER INSERT ON attempt FOR EACH ROW
          INSERT INTO assessment_result (assessment_id, attempts, passed, score_total)
          SELECT assessment.assessment_id, 1, NEW.score >= assessment.pass_score, NEW.score
          FROM assessment WHERE assessment.assessment_id = NEW.assessment_id
          ON DUPLICATE KEY UPDATE
            attempts = assessment_result.attempts + 1,
            passed = assessment_result.passed + (NEW.score >= assessment.pass_score),
            score_total = assessment_result.score_total + NEW.score
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS ins_attempt")
