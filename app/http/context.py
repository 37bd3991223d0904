"""The database and the settings of the current application."""

from flask import current_app

from app.db.database import Database
from app.settings import Settings


def database() -> Database:
    """Return the database of the current application."""
    found: Database = current_app.extensions["database"]
    return found


def settings() -> Settings:
    """Return the settings that the current application was created with."""
    found: Settings = current_app.extensions["settings"]
    return found
