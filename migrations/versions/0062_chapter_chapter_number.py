"""Index for sorting chapters by number."""

from alembic import op

from migrations.indexes import has_index

revision = "0062"
down_revision = "0061"

INDEX = "idx_chapter_number"


def upgrade() -> None:
    if not has_index("chapter", INDEX):
        op.execute(f"ALTER TABLE chapter ADD KEY {INDEX} (chapter_number)")


def downgrade() -> None:
    if has_index("chapter", INDEX):
        op.execute(f"ALTER TABLE chapter DROP KEY {INDEX}")
