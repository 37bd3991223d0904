"""The service's names, for scripts that run before the virtual environment exists.

Standard library only. `import app.service` would load Flask through `app/__init__.py`.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path

_service = runpy.run_path(str(Path(__file__).resolve().parents[1] / "app" / "service.py"))
NAME: str = _service["NAME"]
DATABASE: str = _service["DATABASE"]


def cache_folder() -> Path:
    """Return the service's folder in the user's cache directory."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, NAME)
