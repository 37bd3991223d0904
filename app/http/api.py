"""Flask-RESTful's `Api` with its error handling turned off, and the URL converter for keys."""

from collections.abc import Callable
from typing import Any

import flask_restful
from flask import Flask
from werkzeug.routing import BaseConverter

Resource = flask_restful.Resource


class KeyConverter(BaseConverter):
    """`<key:student_id>`: the key of a row.

    Werkzeug's `int` converter also accepts zero, leading zeros and non-ASCII digits.
    """

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """Return the key as a number."""
        return int(value)


class Api(flask_restful.Api):  # type: ignore[misc]
    """Leaves error handling to Flask.

    Flask-RESTful's own error handling ignores the application's error handlers unless TESTING is
    set, and drops headers such as Allow.
    """

    def __init__(self, app: Flask) -> None:
        app.url_map.converters["key"] = KeyConverter
        super().__init__(app)

    def error_router(self, original_handler: Callable[[Any], Any], e: Exception) -> Any:
        """Call Flask's handler instead of Flask-RESTful's."""
        return original_handler(e)
