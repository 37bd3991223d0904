"""Full-text index for finding staff by name or email."""

from alembic import op

from migrations.indexes import has_index

revision = "0030"
down_revision = "0029"

INDEX = "idx_first_name_last_name_email"


def upgrade() -> None:
    if not has_index("staff", INDEX):
        op.execute(f"ALTER TABLE staff ADD FULLTEXT KEY {INDEX} (first_name, last_name, email)")


def downgrade() -> None:
    if has_index("staff", INDEX):
        op.execute(f"ALTER TABLE staff DROP KEY {INDEX}")
