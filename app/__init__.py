"""The Flask application.

    resource (HTTP) -> query module (SQL) -> Database (transactions)
                    -> ConnectionStrategy -> Connector (one connection)

`urls.py` lists every URL, `settings/settings.py` every setting, and `db/strategies/` every
connection strategy.
"""

import logging

from flask import Flask

from app import urls
from app.auth import bearer, commands, rate_limits
from app.db import flask
from app.http import consistency, error_handlers, json
from app.http.middleware import (
    body_limit,
    checked_bodies,
    cors,
    proxies,
    request_ids,
    security_headers,
)
from app.http.synchronous import SynchronousFlask
from app.operations import doctor, new_resource, purge, requests
from app.operations.facts import facts
from app.operations.metrics import Metrics
from app.resources.students.imports import commands as imports
from app.settings import Settings, open_database

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> Flask:
    """Create the Flask application; no connection is opened before the first request.

    That makes it safe to create it once and fork it into workers. Raises
    `BadSettings` for problems that can be detected without a server.
    """
    database = open_database(settings)
    app = SynchronousFlask(__name__, static_folder=None)
    if settings.db_strategy == "single":
        log.warning("%s", doctor.SINGLE_WARNING)
    app.extensions["settings"] = settings
    requests.register(app, Metrics(database.statistics, facts(settings)))
    flask.register(app, database)
    app.json = json.Provider(app)
    request_ids.register(app)
    proxies.register(app, settings.trusted_proxies)
    security_headers.register(app)
    cors.register(app, settings.cors_origins)
    bearer.register(app)
    rate_limits.register(app, settings)
    body_limit.register(app)
    checked_bodies.register(app)
    consistency.register(app, database)
    error_handlers.register(app)
    urls.register(app)
    doctor.register(app)
    commands.register(app)
    purge.register(app)
    imports.register(app)
    new_resource.register(app)
    return app
