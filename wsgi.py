"""The entry point for WSGI servers and the `flask` command: `wsgi:app`.

Needs nothing but environment variables, and connects to nothing when imported.
"""

import logging.config
import sys

from app import create_app
from app.operations import logs
from app.settings import BadSettings, load_settings

try:
    settings = load_settings()
    logging.config.dictConfig(logs.configuration(settings.log_level))
    app = create_app(settings)
except BadSettings as error:
    sys.exit(f"cannot start: {error}")
