"""Procedure: add an attempt to the results of its assessment, or subtract it."""

from alembic import op

revision = "0049"
down_revision = "0048"

# The row of the assessment is locked, so that its pass_score cannot change meanwhile; see
# upd_assessment.


def upgrade() -> None:
    op.execute("""
        CREATE PROCEDURE IF NOT EXISTS add_attempt(
          IN p_assessment_id MEDIUMINT UNSIGNED, IN p_score DECIMAL(5,2), IN p_number INT
        )
        MODIFIES SQL DATA
        SQL SECURITY INVOKER
        BEGIN
          DECLARE v_pass_score DECIMAL(5,2);
          SELECT pass_score INTO v_pass_score FROM assessment
          WHERE assessment_id = p_assessment_id LOCK IN SHARE MODE;
          INSERT INTO assessment_result (assessment_id, attempts, passed, score_total)
          VALUES (p_assessment_id, p_number, p_number * (p_score >= v_pass_score),
                  p_number * p_score)
          ON DUPLICATE KEY UPDATE
            attempts = attempts + p_number,
            passed = passed + p_number * (p_score >= v_pass_score),
            score_total = score_total + p_number * p_score;
        END
    """)


def downgrade() -> None:
    op.execute("DROP PROCEDURE IF EXISTS add_attempt")
