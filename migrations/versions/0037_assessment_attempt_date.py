"""Index for sorting the attempts at an assessment by date."""

from alembic import op

from migrations.indexes import has_index

revision = "0037"
down_revision = "0036"

INDEX = "idx_assessment_id_attempt_date"


def upgrade() -> None:
    if not has_index("attempt", INDEX):
        op.execute(f"ALTER TABLE attempt ADD KEY {INDEX} (assessment_id, attempt_date)")


def downgrade() -> None:
    if has_index("attempt", INDEX):
        op.execute(f"ALTER TABLE attempt DROP KEY {INDEX}")
