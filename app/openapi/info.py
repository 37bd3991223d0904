"""What the document says of the service as a whole."""

INFO = {
    "title": "student-data-service",
    "version": "1",
    "license": {"name": "MIT", "identifier": "MIT"},
    "description": (
        "Students, courses, enrollments and attempts, on a schema in the style of Sakila.\n\n"
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
