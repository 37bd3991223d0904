"""Index for sorting the students of a campus by creation date."""

from alembic import op

from migrations.indexes import has_index

revision = "0035"
down_revision = "0034"

INDEX = "idx_campus_id_create_date"


def upgrade() -> None:
    if not has_index("student", INDEX):
        op.execute(f"ALTER TABLE student ADD KEY {INDEX} (campus_id, create_date)")


def downgrade() -> None:
    if has_index("student", INDEX):
        op.execute(f"ALTER TABLE student DROP KEY {INDEX}")
