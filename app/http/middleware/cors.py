"""Which web pages of other origins may call the service: those of CORS_ORIGINS, or none.

No cookie is ever read, so credentials in the sense of CORS are not allowed to anybody; the
access token is a header that a page has to send on purpose.
"""

from flask import Flask
from flask_cors import CORS

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
# What a page may send, and what its scripts may read of an answer.
ALLOWED = [
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
    "X-Request-ID", "traceparent",
]  # fmt: skip
EXPOSED = [
    "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID",
]  # fmt: skip
PREFLIGHT_SECONDS = 600


def register(app: Flask, origins: tuple[str, ...] | None) -> None:
    """Answer the preflights of these origins, and let their pages read the answers."""
    if origins:
        CORS(
            app,
            origins=list(origins),
            methods=METHODS,
            allow_headers=ALLOWED,
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )
