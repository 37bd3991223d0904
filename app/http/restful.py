"""Flask-RESTful's `Api`, corrected."""

from collections.abc import Callable
from typing import Any

import flask_restful
from flask import Response, jsonify

Resource = flask_restful.Resource


class Api(flask_restful.Api):  # type: ignore[misc]
    """Leaves errors to Flask.

    The original takes them over in production, where an application's own
    error handlers are then ignored, and loses headers such as Allow.
    """

    def error_router(self, original_handler: Callable[[Any], Any], e: Exception) -> Any:
        """Hand the error back."""
        return original_handler(e)


def answer(body: object, status: int = 200, **headers: str) -> Response:
    """Write an answer as JSON; `Location=...` and the like become headers.

    One `Response`, never a tuple: Flask-RESTful would serialize it once more.
    """
    response = jsonify(body)
    response.status_code = status
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response
