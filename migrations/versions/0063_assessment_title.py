"""Index for sorting assessments by title."""

from alembic import op

from migrations.indexes import has_index

revision = "0063"
down_revision = "0062"

INDEX = "idx_title"


def upgrade() -> None:
    if not has_index("assessment", INDEX):
        op.execute(f"ALTER TABLE assessment ADD KEY {INDEX} (title)")


def downgrade() -> None:
    if has_index("assessment", INDEX):
        op.execute(f"ALTER TABLE assessment DROP KEY {INDEX}")
