"""JSON responses and their ETags."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from flask import Response, json


@dataclass(frozen=True, slots=True)
class ResponseData:
    """The status, body and headers of a response, in a form that can be stored."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the Flask response."""
        response = Response(
            self.body, self.status, self.headers.items(), content_type="application/json"
        )
        if self.status == 204:
            del response.headers["Content-Type"]
        return response


def etag_of(body: str) -> str:
    """Return the strong ETag of a body (RFC 9110, section 8.8.3)."""
    digest = blake2b(body.encode(), digest_size=15).digest()
    return f'"{urlsafe_b64encode(digest).decode()}"'


def json_response(body: object, status: int = 200, **headers: str) -> Response:
    """Serialize a response; keyword arguments such as `Location=...` become headers.

    It is a `Response` because Flask-RESTful would serialize a tuple again.
    """
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ResponseData(status, json.dumps(body) + "\n", named).response()
