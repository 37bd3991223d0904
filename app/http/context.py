"""What a request finds in its application."""

from flask import current_app

from app.db.database import Database
from app.settings import Settings


def database() -> Database:
    """Give the one door to the server."""
    found: Database = current_app.extensions["database"]
    return found


def settings() -> Settings:
    """Give the settings this application was built with."""
    found: Settings = current_app.extensions["settings"]
    return found
