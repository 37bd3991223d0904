"""The schema's version: the one in the database, and the one this code was written for."""

from functools import cache
from pathlib import Path

from app.db.errors import DatabaseUnavailable, TableMissing
from app.db.transaction import Reader

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"


@cache
def newest() -> str:
    """Give the newest revision in `migrations/`: the number its file's name begins with.

    Alembic would say the same, and cost each worker the memory of SQLAlchemy.
    """
    return max(path.name for path in VERSIONS.glob("[0-9]*.py")).partition("_")[0]


def current(db: Reader) -> str | None:
    """Give the database's revision; None where nothing was ever migrated."""
    try:
        row = db.fetch_one("SELECT version_num FROM alembic_version")
    except TableMissing:
        return None
    return str(row["version_num"]) if row else None


def problem(db: Reader) -> str | None:
    """Say in one sentence why the database cannot be used; None if it can."""
    try:
        found = current(db)
    except DatabaseUnavailable as error:
        return type(error).__doc__ or type(error).__name__
    if found == newest():
        return None
    if found is None:
        return f"Nothing was migrated here, this code needs {newest()}: run make migrate."
    return f"The schema is at {found}, this code needs {newest()}: run make migrate."
