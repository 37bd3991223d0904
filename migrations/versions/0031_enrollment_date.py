"""Index: enrollments in the order of their dates."""

from alembic import op
from sqlalchemy import inspect

revision = "0031"
down_revision = "0030"

INDEX = "idx_enrollment_date"


def upgrade() -> None:
    # A run that was killed may have made it already; only MariaDB knows IF NOT EXISTS here.
    if not _exists():
        op.execute(f"ALTER TABLE enrollment ADD KEY {INDEX} (enrollment_date)")


def downgrade() -> None:
    if _exists():
        op.execute(f"ALTER TABLE enrollment DROP KEY {INDEX}")


def _exists() -> bool:
    indexes = inspect(op.get_bind()).get_indexes("enrollment")
    return any(index["name"] == INDEX for index in indexes)
