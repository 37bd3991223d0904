"""Conditional requests (RFC 9110, section 13; RFC 6585, section 3): ETags prevent lost updates."""

from flask import Response, request

from app.http.problems import Problem
from app.http.responses import ResponseData, etag_of


def etag_response(body: str) -> Response:
    """Return the response to a GET: 304 if the client has this body already, otherwise 200."""
    etag = etag_of(body)
    headers = {"ETag": etag}
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(etag.strip('"')):
        response = ResponseData(304, headers=headers).response()
        del response.headers["Content-Type"]
        return response
    return ResponseData(200, body, headers).response()


def require_if_match() -> None:
    """Raise a `Problem` (428) if the request has no If-Match header."""
    if "If-Match" not in request.headers:
        raise Problem(428, "Send If-Match with the current ETag of the resource.")


def check_if_match(body: str) -> None:
    """Raise a `Problem` (412) if the client's ETag is outdated; call it with the row locked."""
    if not request.if_match.contains(etag_of(body).strip('"')):
        raise Problem(412, "The resource has changed since you read it; read it again.")
