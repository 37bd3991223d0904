"""Index on the scores of an assessment, for the results of its course."""

from alembic import op

from migrations.indexes import has_index

revision = "0033"
down_revision = "0032"

INDEX = "idx_assessment_id_score"


def upgrade() -> None:
    if not has_index("attempt", INDEX):
        op.execute(f"ALTER TABLE attempt ADD KEY {INDEX} (assessment_id, score)")


def downgrade() -> None:
    if has_index("attempt", INDEX):
        op.execute(f"ALTER TABLE attempt DROP KEY {INDEX}")
