"""The entry point for WSGI servers and the `flask` command: `wsgi:app`.

Reads its settings from environment variables; importing it opens no connection.
"""

import os
import sys

from app import create_app
from app.operations import logs, tracing
from app.settings import BadSettings, load_settings

try:
    settings = load_settings()
    logs.configure(settings.log_level, settings.log_format)
    app = create_app(settings)
    tracing.start(app, os.environ)
except BadSettings as error:
    sys.exit(f"cannot start: {error}")
