"""Paths are compared as they were sent: one spelling, no redirects to another host.

By default, Werkzeug answers `/v1//tokens` with a redirect, ignores repeated slashes at the start of
a path, and puts the client's Host into the Location of its redirects. A proxy that allows or denies
requests by path would see another path than the service.
"""

from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound


def register(app: Flask) -> None:
    """Answer 404 to paths with repeated slashes; make redirects relative."""
    app.url_map.merge_slashes = False
    app.before_request(_reject_repeated_slashes)
    app.after_request(_make_redirect_relative)


def _reject_repeated_slashes() -> None:
    # `request.path` never starts with two slashes, and the router uses `request.path`.
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound


def _make_redirect_relative(response: Response) -> Response:
    if response.status_code in {301, 302, 303, 307, 308} and response.location:
        target = urlsplit(response.location)
        response.location = target._replace(scheme="", netloc="").geturl()
    return response
