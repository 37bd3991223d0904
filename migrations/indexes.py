"""Makes revisions that add an index repeatable: a killed run may already have added it."""

from alembic import op
from sqlalchemy import text


def has_index(table: str, index: str) -> bool:
    """Return whether the index exists; only MariaDB has ADD KEY IF NOT EXISTS."""
    found = op.get_bind().execute(
        text(
            "SELECT 1 FROM information_schema.statistics"
            " WHERE table_schema = DATABASE() AND table_name = :table AND index_name = :name"
        ),
        {"table": table, "name": index},
    )
    return found.first() is not None
