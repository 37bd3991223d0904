"""A request id in each response, problem and log line."""

import os
import re

from flask import Flask, Response, g, request

HEADER = "X-Request-ID"
_ENVIRON_KEY = "HTTP_X_REQUEST_ID"
_VALID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Add the request id to every response."""
    app.after_request(_add_header)


def request_id() -> str:
    """Return the id of the current request: the client's if it is valid, otherwise a new one."""
    found: str | None = g.get("request_id")
    if found is None:
        given = request.environ.get(_ENVIRON_KEY)
        # 128 random bits, cheaper than `uuid.uuid4()`
        found = given if given and _VALID.fullmatch(given) else os.urandom(16).hex()
        g.request_id = found
    return found


def _add_header(response: Response) -> Response:
    response.headers.add(HEADER, request_id())
    return response
