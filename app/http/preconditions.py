"""Conditional requests (RFC 9110, 13; RFC 6585, 3): nobody overwrites what they have not seen."""

from flask import Response, request

from app.http.problems import Problem
from app.http.responses import ResponseData, etag_of


def etag_response(body: str) -> Response:
    """Answer a GET: 304 if the client has these very bytes, else 200 with their ETag."""
    etag = etag_of(body)
    headers = {"ETag": etag}
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(etag.strip('"')):
        response = ResponseData(304, headers=headers).response()
        del response.headers["Content-Type"]
        return response
    return ResponseData(200, body, headers).response()


def require_if_match() -> None:
    """Refuse a change that does not say what it changes."""
    if "If-Match" not in request.headers:
        raise Problem(428, "Send If-Match with the ETag of what you are changing.")


def check_if_match(body: str) -> None:
    """Refuse to change what is no longer as the client saw it; call it under the row's lock."""
    if not request.if_match.contains(etag_of(body).strip('"')):
        raise Problem(412, "It was changed since you read it; read it again.")
