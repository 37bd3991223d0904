"""Index for sorting courses by credits."""

from alembic import op

from migrations.indexes import has_index

revision = "0061"
down_revision = "0060"

INDEX = "idx_credits"


def upgrade() -> None:
    if not has_index("course", INDEX):
        op.execute(f"ALTER TABLE course ADD KEY {INDEX} (credits)")


def downgrade() -> None:
    if has_index("course", INDEX):
        op.execute(f"ALTER TABLE course DROP KEY {INDEX}")
