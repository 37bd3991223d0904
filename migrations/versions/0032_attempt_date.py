"""Index: attempts in the order of their dates."""

from alembic import op
from sqlalchemy import inspect

revision = "0032"
down_revision = "0031"

INDEX = "idx_attempt_date"


def upgrade() -> None:
    # A run that was killed may have made it already; only MariaDB knows IF NOT EXISTS here.
    if not _exists():
        op.execute(f"ALTER TABLE attempt ADD KEY {INDEX} (attempt_date)")


def downgrade() -> None:
    if _exists():
        op.execute(f"ALTER TABLE attempt DROP KEY {INDEX}")


def _exists() -> bool:
    indexes = inspect(op.get_bind()).get_indexes("attempt")
    return any(index["name"] == INDEX for index in indexes)
