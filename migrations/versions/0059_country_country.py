"""Index for sorting countries by name."""

from alembic import op

from migrations.indexes import has_index

revision = "0059"
down_revision = "0058"

INDEX = "idx_country"


def upgrade() -> None:
    if not has_index("country", INDEX):
        op.execute(f"ALTER TABLE country ADD KEY {INDEX} (country)")


def downgrade() -> None:
    if has_index("country", INDEX):
        op.execute(f"ALTER TABLE country DROP KEY {INDEX}")
