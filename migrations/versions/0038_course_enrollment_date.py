"""Index for sorting the enrollments in a course by date."""

from alembic import op

from migrations.indexes import has_index

revision = "0038"
down_revision = "0037"

INDEX = "idx_course_id_enrollment_date"


def upgrade() -> None:
    if not has_index("enrollment", INDEX):
        op.execute(f"ALTER TABLE enrollment ADD KEY {INDEX} (course_id, enrollment_date)")


def downgrade() -> None:
    if has_index("enrollment", INDEX):
        op.execute(f"ALTER TABLE enrollment DROP KEY {INDEX}")
