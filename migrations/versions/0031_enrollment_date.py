"""Index for sorting enrollments by date."""

from alembic import op

from migrations.indexes import has_index

revision = "0031"
down_revision = "0030"

INDEX = "idx_enrollment_date"


def upgrade() -> None:
    if not has_index("enrollment", INDEX):
        op.execute(f"ALTER TABLE enrollment ADD KEY {INDEX} (enrollment_date)")


def downgrade() -> None:
    if has_index("enrollment", INDEX):
        op.execute(f"ALTER TABLE enrollment DROP KEY {INDEX}")
