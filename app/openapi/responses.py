"""The responses of an operation: success and every possible problem."""

from http import HTTPStatus
from typing import Any

from app.http.caller import ANY_ROLE
from app.http.consistency import HEADER
from app.http.error_handlers import DATABASE_PROBLEMS
from app.http.problems import MAX_ERRORS
from app.http.validation import JSON
from app.openapi.endpoints import Endpoint
from app.openapi.models import Models, is_model
from app.service import PROBLEM_TYPE

Json = dict[str, Any]

MEANINGS = {
    400: "A parameter is unknown or not valid, or the body is malformed.",
    401: "Authentication is missing or not valid.",
    403: "The caller may not do this.",
    404: "It does not exist, or the caller may not see it.",
    406: "Not available in any media type in Accept.",
    409: "The request conflicts with stored data.",
    412: "The resource has changed since the ETag was returned.",
    413: "The body is too large, or has too many fields or values.",
    415: "The media type of the body is not supported.",
    422: "A value in the body is not valid.",
    428: "If-Match is missing.",
    429: "Too many requests.",
    503: "The database cannot serve the request; try again after Retry-After.",
}

COMPONENTS: Json = {
    "Problem": {
        "type": "object",
        "description": "An error response (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "maxItems": MAX_ERRORS,
                "items": {"$ref": "#/components/schemas/InputError"},
            },
            "error_count": {
                "type": "integer",
                "description": "The number of errors; `errors` contains the first of them.",
            },
        },
    },
    "InputError": {
        "type": "object",
        "description": "An error in the input, and its location.",
        "required": ["detail"],
        "properties": {
            "pointer": {"type": "string", "description": "JSON pointer into the body."},
            "parameter": {"type": "string", "description": "Name of the query parameter."},
            "header": {"type": "string", "description": "Name of the request header."},
            "detail": {"type": "string"},
        },
    },
}

_STRING: Json = {"schema": {"type": "string"}}
_HEADERS = {
    401: {"WWW-Authenticate": _STRING},
    429: {"Retry-After": _STRING},
    503: {"Retry-After": _STRING},
}


def responses(endpoint: Endpoint, models: Models) -> Json:
    """Describe all responses of an operation, by status."""
    found = {str(endpoint.declared.status): _success(endpoint, models)}
    if _is_cacheable(endpoint):
        found["304"] = {"description": "The client's copy is current."}
    for status in sorted(problems(endpoint)):
        found[str(status)] = _problem(status)
    for status in endpoint.declared.problems:
        # Responses that are not JSON may describe the error in their own media type.
        others = {kind: _STRING for kind in endpoint.declared.produces if kind != JSON}
        found[str(status)]["content"] |= others
    return found


def problems(endpoint: Endpoint) -> set[int]:
    """Return the statuses of the problems that an operation can return."""
    declared = endpoint.declared
    writes = endpoint.method != "get" and declared.roles is not None
    takes_body = declared.body is not None or declared.patch is not None
    conditions = {
        (400,): True,
        (406,): bool(declared.media_types),
        (401,): declared.roles is not None or declared.basic,
        (403,): writes or (declared.roles or ANY_ROLE) != ANY_ROLE,
        (404,): bool(endpoint.rule.arguments),
        (409,): writes,
        (412, 428): declared.conditional,
        (413, 415, 422): takes_body,
        (429, 503): endpoint.path.startswith("/v1/"),
    }
    found = {status for statuses, holds in conditions.items() if holds for status in statuses}
    return found | set(declared.problems)


def _success(endpoint: Endpoint, models: Models) -> Json:
    declared = endpoint.declared
    written: Json = {"description": HTTPStatus(declared.status).phrase}
    if declared.status == 201:
        written["headers"] = {"Location": _STRING, "ETag": _STRING}
    elif declared.status == 200 and (declared.conditional or _is_cacheable(endpoint)):
        written["headers"] = {"ETag": _STRING}
    if endpoint.method != "get" and endpoint.path.startswith("/v1/"):
        written["headers"] = {**written.get("headers", {}), HEADER: _STRING}
    if declared.media_types:
        schema: Json = {"type": "string"}
        if is_model(declared.response):
            schema = models.ref(declared.response, "serialization")
        elif declared.response is dict:
            schema = {"type": "object"}
        written["content"] = {kind: {"schema": schema} for kind in declared.media_types}
    return written


def _is_cacheable(endpoint: Endpoint) -> bool:
    return endpoint.declared.has_etag and endpoint.method == "get"


def _problem(status: int) -> Json:
    kinds = [kind for code, kind, _ in DATABASE_PROBLEMS.values() if code == status]
    types = ", ".join(f"`{PROBLEM_TYPE}{kind}`" for kind in kinds)
    written: Json = {
        "description": MEANINGS[status] + (f" Types: {types}." if types else ""),
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    if status in _HEADERS:
        written["headers"] = _HEADERS[status]
    return written
