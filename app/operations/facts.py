"""What a running service consists of, for its metrics."""

import platform

from app.operations import schema
from app.settings import Settings


def facts(settings: Settings) -> dict[str, str]:
    """Return the labels of `service_info`: strategy, driver, Python, and the required schema."""
    return {
        "strategy": settings.db_strategy,
        "driver": settings.db_driver,
        "python": platform.python_version(),
        "schema": schema.newest(),
    }
