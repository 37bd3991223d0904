"""The student-data service.

    resource (HTTP) -> query module (SQL) -> Database (units of work)
                    -> ConnectionStrategy -> connector (one connection)

`app/api.py` shows every URL, `app/settings.py` every setting, and
`app/db/strategies` every way to a connection.
"""

import logging

from flask import Flask

from app import api, errors
from app.auth import commands
from app.db.database import open_database
from app.http import json, request_ids
from app.imports import commands as imports
from app.operations import doctor
from app.settings import Settings

log = logging.getLogger(__name__)

LARGEST_BODY_BYTES = 1024 * 1024


def create_app(settings: Settings) -> Flask:
    """Build the service; nothing is connected until the first request.

    That is what makes it safe to build it once and fork it into workers.
    Raises `BadSettings` for what can be known without a server.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    database = open_database(settings)
    if settings.db_strategy == "single":
        log.warning("%s", doctor.SINGLE_WARNING)
    app.extensions["settings"] = settings
    app.extensions["database"] = database
    app.teardown_appcontext(lambda error: database.end_request())  # noqa: ARG005
    app.json = json.Provider(app)
    request_ids.register(app)
    errors.register(app)
    api.register(app)
    doctor.register(app)
    commands.register(app)
    imports.register(app)
    return app
