"""Settings: `settings.py` declares every variable with its unit, limits and default."""

from app.settings.settings import (
    BadSettings,
    Settings,
    load_settings,
    naming_variables,
    open_database,
)

__all__ = ["BadSettings", "Settings", "load_settings", "naming_variables", "open_database"]
