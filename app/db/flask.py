"""Flask extension: one `Database` for an application, with the end of each request.

    db = FlaskDatabase()

    def create_app():
        app = Flask(__name__)
        app.config["DATABASE_URL"] = "mysql://app:secret@127.0.0.1/students"
        db.init_app(app)
        return app

    @app.get("/students/<int:key>")
    def student(key):
        return db.fetch_one("SELECT * FROM student WHERE student_id = %s", (key,)) or abort(404)

Optional: only this module imports Flask.
"""

from typing import Any

from flask import Flask, current_app

from .database import Database

EXTENSION = "database"
URL_KEY = "DATABASE_URL"
OPTIONS_KEY = "DATABASE_OPTIONS"


class FlaskDatabase:
    """The `Database` of the current application; its attributes and methods are the same.

    `init_app` reads `app.config["DATABASE_URL"]` and, if present, `app.config["DATABASE_OPTIONS"]`,
    a dictionary of the other fields of `DatabaseConfig`.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Create the application's `Database`; raises `ConfigError`, `KeyError` without a URL.

        Nothing is connected before its first use, so an application may be created
        before its process forks.
        """
        options: dict[str, Any] = app.config.get(OPTIONS_KEY, {})
        register(app, Database.from_url(app.config[URL_KEY], **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(current_app.extensions[EXTENSION], name)


def register(app: Flask, database: Database) -> None:
    """Attach a `Database` to an application and notify it of the end of each request."""
    app.extensions[EXTENSION] = database
    app.teardown_appcontext(lambda _error: database.end_request())
