"""Index: the scores of an assessment, for the results of its course."""

from alembic import op
from sqlalchemy import inspect

revision = "0033"
down_revision = "0032"

INDEX = "idx_assessment_id_score"


def upgrade() -> None:
    # A run that was killed may have made it already; only MariaDB knows IF NOT EXISTS here.
    if not _exists():
        op.execute(f"ALTER TABLE attempt ADD KEY {INDEX} (assessment_id, score)")


def downgrade() -> None:
    if _exists():
        op.execute(f"ALTER TABLE attempt DROP KEY {INDEX}")


def _exists() -> bool:
    indexes = inspect(op.get_bind()).get_indexes("attempt")
    return any(index["name"] == INDEX for index in indexes)
