"""An id for each request, in its answer, its problems and its log lines."""

import re
from uuid import uuid4

from flask import Flask, Response, g, request

HEADER = "X-Request-ID"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Echo the client's id, or make one."""
    app.after_request(_echo)


def request_id() -> str:
    """Give the id of the current request; a client's own is used if it is short and plain."""
    if "request_id" not in g:
        theirs = request.headers.get(HEADER, "")
        g.request_id = theirs if _ACCEPTABLE.fullmatch(theirs) else uuid4().hex
    return str(g.request_id)


def _echo(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    return response
