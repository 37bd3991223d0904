"""Trigger: count the current attempts if the pass score changes under READ COMMITTED."""

from migrations.triggers import replace_trigger

revision = "0067"
down_revision = "0066"

# See ins_attempt: if a statement changes several assessments, the count for one of them would not
# see attempts that it waited for.


def upgrade() -> None:
    _replace("LOCK IN SHARE MODE")


def downgrade() -> None:
    _replace("")


def _replace(lock: str) -> None:
    replace_trigger(
        "upd_assessment",
        "AFTER UPDATE",
        "assessment",
        f"""
        IF NEW.pass_score <> OLD.pass_score THEN
          UPDATE assessment_result
          SET passed = (SELECT COUNT(*) FROM attempt
                        WHERE attempt.assessment_id = NEW.assessment_id
                          AND attempt.score >= NEW.pass_score {lock})
          WHERE assessment_id = NEW.assessment_id;
        END IF
        """,  # noqa: S608
    )
