"""Trigger: read the current pass score of an attempt added under READ COMMITTED."""

from migrations.triggers import replace_trigger

revision = "0066"
down_revision = "0065"

# Under READ COMMITTED, a read without a lock sees what was committed before the first such read of
# the statement: if a statement adds several attempts and one of them waits for a change of the
# pass score, the trigger would read the old one.


def upgrade() -> None:
    _replace("LOCK IN SHARE MODE")


def downgrade() -> None:
    _replace("")


def _replace(lock: str) -> None:
    replace_trigger(
        "ins_attempt",
        "AFTER INSERT",
        "attempt",
        f"""
        INSERT INTO assessment_result (assessment_id, attempts, passed, score_total)
        SELECT assessment.assessment_id, 1, NEW.score >= assessment.pass_score, NEW.score
        FROM assessment WHERE assessment.assessment_id = NEW.assessment_id {lock}
        ON DUPLICATE KEY UPDATE
          attempts = assessment_result.attempts + 1,
          passed = assessment_result.passed + (NEW.score >= assessment.pass_score),
          score_total = assessment_result.score_total + NEW.score
        """,  # noqa: S608
    )
