"""Full-text index for finding students by name or email."""

from alembic import op

from migrations.indexes import has_index

revision = "0029"
down_revision = "0028"

INDEX = "idx_first_name_last_name_email"


def upgrade() -> None:
    if not has_index("student", INDEX):
        op.execute(f"ALTER TABLE student ADD FULLTEXT KEY {INDEX} (first_name, last_name, email)")


def downgrade() -> None:
    if has_index("student", INDEX):
        op.execute(f"ALTER TABLE student DROP KEY {INDEX}")
