"""No body of more than a megabyte is read, whether its length was announced or not."""

from flask import Flask, request
from werkzeug.exceptions import RequestEntityTooLarge

MAX_BODY_BYTES = 1024 * 1024
WITH_A_BODY = frozenset({"POST", "PUT", "PATCH"})


def register(app: Flask) -> None:
    """Refuse larger ones: 413."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.before_request(_refuse_endless_chunks)


def _refuse_endless_chunks() -> None:
    # Werkzeug refuses by Content-Length. A body in chunks has none, and Werkzeug cuts it off at
    # the limit without a word: what is left might even be valid. It is kept for the view.
    if request.method not in WITH_A_BODY or request.content_length is not None:
        return
    if len(request.get_data()) >= MAX_BODY_BYTES:
        raise RequestEntityTooLarge
