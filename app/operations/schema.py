"""The version of the schema: in the database, and required by this code."""

from functools import cache
from pathlib import Path

from app.db.errors import (
    DatabaseError,
    DatabaseUnavailable,
    ReadOnlyServer,
    TableMissing,
    is_not_ready,
)
from app.db.transaction import Reader, Row

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


def read_only_problem(db: Reader) -> str | None:
    """Return one sentence on why the server accepts no changes at present; None if it does."""
    row = db.fetch_one("SELECT @@read_only AS read_only, @@innodb_read_only AS innodb_read_only")
    return ReadOnlyServer.__doc__ if row and read_only_variables(row) else None


def read_only_variables(row: Row) -> list[str]:
    """Return which of the two variables are on. Aurora's readers set only innodb_read_only."""
    names = ("read_only", "innodb_read_only")
    return [name for name in names if str(row[name]) not in {"0", "OFF"}]


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
    if is_not_ready(error):
        return (
            "This database node accepts no statements: it is not in the primary component of its "
            f"cluster, or not in sync with it (error {error.code})."
        )
    return (type(error).__doc__ or type(error).__name__).partition("\n")[0]
