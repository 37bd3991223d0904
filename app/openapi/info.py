"""What the document says of the service as a whole."""

from app.service import DESCRIPTION, TITLE

INFO = {
    "title": TITLE,
    "version": "1",
    "license": {"name": "MIT", "identifier": "MIT"},
    "description": (
        f"{DESCRIPTION}\n\n"
        "Sign in at `POST /v1/tokens` with a user name and a password (HTTP Basic) and send the "
        "access token as `Authorization: Bearer`. Lists are pages: follow `next`, which is absent "
        "on the last one. Whoever changes something sends `If-Match` with its `ETag`. Every "
        "failure is an `application/problem+json` (RFC 9457)."
    ),
}

SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "basic": {"type": "http", "scheme": "basic"},
}
