"""Default security and caching headers of every response.

A header that a view has set is kept. A blueprint can set its own, for example a less strict policy
for HTML pages:

    @pages.after_request
    def _allow_scripts(response):
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

Strict-Transport-Security is set where TLS is terminated (docs/security.md).
"""

from flask import Flask, Response

# Responses are data: no scripts, no frames, no content sniffing, no referrer.
DEFAULTS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)


def register(app: Flask) -> None:
    """Add the headers to every response of the application."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    given = {name.lower() for name, _ in response.headers}
    # Responses contain personal data and must not be cached. A response with an ETag may be cached
    # by the client if it is revalidated each time; otherwise If-None-Match would never be sent.
    cache_control = "private, no-cache" if "etag" in given else "no-store"
    for name, value in (*DEFAULTS, ("Cache-Control", cache_control)):
        if name.lower() not in given:
            response.headers.add(name, value)
    return response
