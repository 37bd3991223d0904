"""CORS: web pages of the origins in CORS_ORIGINS may call the service; by default, none may.

Credentials in the sense of CORS are not allowed, because the service uses no cookies: a page sends
the access token in a header.
"""

from flask import Flask
from flask_cors import CORS

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
# Request headers that a page may send, and response headers that its scripts may read.
REQUEST_HEADERS = [
    "Authorization", "Consistency-Token", "Content-Type", "Idempotency-Key", "If-Match",
    "If-None-Match", "X-Request-ID", "traceparent",
]  # fmt: skip
RESPONSE_HEADERS = [
    "Consistency-Token", "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After",
    "X-Request-ID",
]  # fmt: skip
PREFLIGHT_MAX_AGE_SECONDS = 600


def register(app: Flask, origins: tuple[str, ...] | None) -> None:
    """Allow these origins in preflight responses and in all other responses."""
    if origins:
        CORS(
            app,
            origins=list(origins),
            methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            max_age=PREFLIGHT_MAX_AGE_SECONDS,
        )
