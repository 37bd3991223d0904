"""Flask-RESTful's `Api`, corrected, and the keys in its URLs."""

from collections.abc import Callable
from typing import Any

import flask_restful
from flask import Flask
from werkzeug.routing import BaseConverter

Resource = flask_restful.Resource


class KeyConverter(BaseConverter):
    """`<key:student_id>`: a row's key. The stock `int` takes zeros and other scripts' digits."""

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """Give the number."""
        return int(value)


class Api(flask_restful.Api):  # type: ignore[misc]
    """Leaves errors to Flask.

    The original takes them over in production, where an application's own
    error handlers are then ignored, and loses headers such as Allow.
    """

    def __init__(self, app: Flask) -> None:
        app.url_map.converters["key"] = KeyConverter
        super().__init__(app)

    def error_router(self, original_handler: Callable[[Any], Any], e: Exception) -> Any:
        """Hand the error back."""
        return original_handler(e)
