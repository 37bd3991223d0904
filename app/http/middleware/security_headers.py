"""What every answer tells a browser and a cache, unless the view has said otherwise.

Each field is a default: a view that sets one keeps its own, and so does a blueprint, such as
one with HTML pages that need a looser policy:

    @pages.after_request
    def _allow_scripts(response):
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

Strict-Transport-Security belongs to whoever ends TLS (docs/security.md).
"""

from flask import Flask, Response

# An answer is data: nothing in it is to be run, framed, guessed at or told to other sites.
DEFAULTS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)


def register(app: Flask) -> None:
    """Add the fields to every answer of this application."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    given = {name.lower() for name, _ in response.headers}
    # Personal data are kept by nobody. An answer with an ETag may be kept by the client, if it
    # asks each time whether it still holds: else If-None-Match would never be sent.
    keep = "private, no-cache" if "etag" in given else "no-store"
    for name, value in (*DEFAULTS, ("Cache-Control", keep)):
        if name.lower() not in given:
            response.headers.add(name, value)
    return response
