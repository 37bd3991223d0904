"""Index for sorting attempts by date."""

from alembic import op

from migrations.indexes import has_index

revision = "0032"
down_revision = "0031"

INDEX = "idx_attempt_date"


def upgrade() -> None:
    if not has_index("attempt", INDEX):
        op.execute(f"ALTER TABLE attempt ADD KEY {INDEX} (attempt_date)")


def downgrade() -> None:
    if has_index("attempt", INDEX):
        op.execute(f"ALTER TABLE attempt DROP KEY {INDEX}")
