"""The version of the schema: in the database, and required by this code."""

from functools import cache
from pathlib import Path

from app.db.errors import DatabaseError, DatabaseUnavailable, TableMissing
from app.db.transaction import Reader

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"


@cache
def newest() -> str:
    """Return the newest revision in `migrations/`: the number at the start of its file name.

    Alembic would return the same, but would load SQLAlchemy in each worker.
    """
    return max(path.name for path in VERSIONS.glob("[0-9]*.py")).partition("_")[0]


def current(db: Reader) -> str | None:
    """Return the database's revision; None if it was never migrated."""
    try:
        row = db.fetch_one("SELECT version_num FROM alembic_version")
    except TableMissing:
        return None
    return str(row["version_num"]) if row else None


def problem(db: Reader) -> str | None:
    """Return one sentence on why the database cannot be used; None if it can."""
    try:
        return mismatch(current(db))
    except DatabaseUnavailable as error:
        return describe(error)


def mismatch(found: str | None) -> str | None:
    """Return one sentence on what is wrong with the database's revision; None if it is current."""
    if found == newest():
        return None
    if found is None:
        return f"The database was never migrated; this code requires {newest()}: run make migrate."
    return f"The schema is at {found}; this code requires {newest()}: run make migrate."


def describe(error: DatabaseError) -> str:
    """Return one sentence without the driver's text."""
    return type(error).__doc__ or type(error).__name__
