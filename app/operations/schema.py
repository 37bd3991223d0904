"""The schema's version: the one in the database, and the one this code was written for."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory

from app.db.errors import DatabaseUnavailable, StatementRefused
from app.db.transaction import Reader

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@cache
def newest() -> str:
    """Give the newest revision in `migrations/`."""
    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


def current(db: Reader) -> str | None:
    """Give the database's revision; None where nothing was ever migrated."""
    try:
        row = db.fetch_one("SELECT version_num FROM alembic_version")
    except StatementRefused as error:
        if error.code == 1146:  # no such table
            return None
        raise
    return str(row["version_num"]) if row else None


def problem(db: Reader) -> str | None:
    """Say in one sentence why the database cannot be used; None if it can."""
    try:
        found = current(db)
    except DatabaseUnavailable as error:
        return type(error).__doc__ or type(error).__name__
    if found == newest():
        return None
    return f"The schema is at {found or 'nothing'}, this code needs {newest()}: run make migrate."
