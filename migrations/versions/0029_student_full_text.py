"""Full text of students, for the search by name or email."""

from alembic import op
from sqlalchemy import inspect

revision = "0029"
down_revision = "0028"

INDEX = "idx_first_name_last_name_email"


def upgrade() -> None:
    # A run that was killed may have made it already; only MariaDB knows IF NOT EXISTS here.
    if not _exists():
        op.execute(f"ALTER TABLE student ADD FULLTEXT KEY {INDEX} (first_name, last_name, email)")


def downgrade() -> None:
    if _exists():
        op.execute(f"ALTER TABLE student DROP KEY {INDEX}")


def _exists() -> bool:
    indexes = inspect(op.get_bind()).get_indexes("student")
    return any(index["name"] == INDEX for index in indexes)
