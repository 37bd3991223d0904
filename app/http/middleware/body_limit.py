"""Limits request bodies to 1 MiB, with or without a Content-Length."""

from flask import Flask, request
from werkzeug.exceptions import RequestEntityTooLarge

MAX_BODY_BYTES = 1024 * 1024
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def register(app: Flask) -> None:
    """Reject larger bodies with 413."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.before_request(_reject_large_chunked_body)


def _reject_large_chunked_body() -> None:
    # Werkzeug checks Content-Length. A chunked body has none, and Werkzeug silently truncates it
    # at the limit; the rest might even be valid. `get_data` caches the body for the view.
    if request.method not in METHODS_WITH_BODY or request.content_length is not None:
        return
    if len(request.get_data()) >= MAX_BODY_BYTES:
        raise RequestEntityTooLarge
