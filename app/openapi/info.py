"""The general part of the OpenAPI document."""

from app.service import DESCRIPTION, TITLE

INFO = {
    "title": TITLE,
    "version": "1",
    "license": {"name": "MIT", "identifier": "MIT"},
    "description": (
        f"{DESCRIPTION}\n\n"
        "Sign in at `POST /v1/tokens` with a user name and a password (HTTP Basic) and send the "
        "access token as `Authorization: Bearer`. Lists are paginated: follow the `next` link, "
        "which is absent on the last page. To change or delete a resource, send its `ETag` in "
        "`If-Match`. Every error response is an `application/problem+json` (RFC 9457)."
    ),
}

SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "basic": {"type": "http", "scheme": "basic"},
}
