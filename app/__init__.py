"""The student-data service.

    resource (HTTP) -> query module (SQL) -> Database (units of work)
                    -> ConnectionStrategy -> connector (one connection)

`app/api.py` shows every URL, `app/settings.py` every setting, and
`app/db/strategies` every way to a connection.
"""

import logging

from flask import Flask

from app import api, errors
from app.auth import commands, limits
from app.db.database import open_database
from app.http import body_limit, cors, json, proxies, request_ids, security_headers
from app.http.synchronous import SynchronousFlask
from app.imports import commands as imports
from app.operations import doctor, purge, requests
from app.operations.metrics import Metrics
from app.settings import Settings

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> Flask:
    """Build the service; nothing is connected until the first request.

    That is what makes it safe to build it once and fork it into workers.
    Raises `BadSettings` for what can be known without a server.
    """
    app = SynchronousFlask(__name__, static_folder=None)
    database = open_database(settings)
    if settings.db_strategy == "single":
        log.warning("%s", doctor.SINGLE_WARNING)
    app.extensions["settings"] = settings
    app.extensions["database"] = database
    requests.register(app, Metrics(database.statistics))
    app.teardown_appcontext(lambda error: database.end_request())  # noqa: ARG005
    app.json = json.Provider(app)
    request_ids.register(app)
    proxies.register(app, settings.trusted_proxies)
    security_headers.register(app)
    cors.register(app, settings.cors_origins)
    limits.register(app, settings)
    body_limit.register(app)
    errors.register(app)
    api.register(app)
    doctor.register(app)
    commands.register(app)
    purge.register(app)
    imports.register(app)
    return app
