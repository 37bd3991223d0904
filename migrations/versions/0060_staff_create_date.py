"""Index for sorting staff by creation date."""

from alembic import op

from migrations.indexes import has_index

revision = "0060"
down_revision = "0059"

INDEX = "idx_create_date"


def upgrade() -> None:
    if not has_index("staff", INDEX):
        op.execute(f"ALTER TABLE staff ADD KEY {INDEX} (create_date)")


def downgrade() -> None:
    if has_index("staff", INDEX):
        op.execute(f"ALTER TABLE staff DROP KEY {INDEX}")
