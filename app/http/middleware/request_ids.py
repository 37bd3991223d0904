"""An id for each request, in its answer, its problems and its log lines."""

import os
import re

from flask import Flask, Response, g, request

HEADER = "X-Request-ID"
_VARIABLE = "HTTP_X_REQUEST_ID"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Echo the client's id, or make one."""
    app.after_request(_echo)


def request_id() -> str:
    """Give the id of the current request; a client's own is used if it is short and plain."""
    found: str | None = g.get("request_id")
    if found is None:
        theirs = request.environ.get(_VARIABLE)
        # 128 random bits, as a UUID has, without the cost of making one
        found = theirs if theirs and _ACCEPTABLE.fullmatch(theirs) else os.urandom(16).hex()
        g.request_id = found
    return found


def _echo(response: Response) -> Response:
    response.headers.add(HEADER, request_id())
    return response
