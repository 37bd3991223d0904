"""What an operation answers: JSON text as the server wrote it, with its ETag."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from flask import Response, json


@dataclass(frozen=True, slots=True)
class ResponseData:
    """A status, a body and headers, before they become a `Response`; it can be stored."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Give what Flask sends."""
        response = Response(
            self.body, self.status, self.headers.items(), content_type="application/json"
        )
        if self.status == 204:
            del response.headers["Content-Type"]
        return response


def etag_of(body: str) -> str:
    """Give the strong ETag of a body (RFC 9110, 8.8.3): equal bytes, equal tag."""
    digest = blake2b(body.encode(), digest_size=15).digest()
    return f'"{urlsafe_b64encode(digest).decode()}"'


def json_response(body: object, status: int = 200, **headers: str) -> Response:
    """Write an answer that is not a row; `Location=...` and the like become headers.

    One `Response`, never a tuple: Flask-RESTful would serialize it once more.
    """
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ResponseData(status, json.dumps(body) + "\n", named).response()
