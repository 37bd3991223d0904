"""The answers of an operation: its success, and every problem that can come instead."""

from http import HTTPStatus
from typing import Any

from app.http.caller import ANY_ROLE
from app.http.error_handlers import DATABASE_PROBLEMS
from app.http.validation import JSON
from app.openapi.endpoints import Endpoint
from app.openapi.models import Models, is_model
from app.service import PROBLEM_TYPE

Json = dict[str, Any]

MEANINGS = {
    400: "A parameter is unknown or wrong, or the body is not well-formed.",
    401: "Not signed in.",
    403: "Not for this caller.",
    404: "There is no such thing, or not for this caller.",
    406: "Not available in the media types that Accept names.",
    409: "The data do not allow it.",
    412: "It was changed since it was read.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "A value in the body is not valid.",
    428: "If-Match is missing.",
    429: "Too many requests.",
    503: "The database cannot be worked with at present.",
}

COMPONENTS: Json = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail", "instance", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/InputError"}},
        },
    },
    "InputError": {
        "type": "object",
        "description": "One thing wrong with the input, and where.",
        "required": ["detail"],
        "properties": {
            "pointer": {"type": "string", "description": "A JSON pointer into the body."},
            "parameter": {"type": "string", "description": "A parameter of the query."},
            "header": {"type": "string", "description": "A header."},
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
    """Describe all answers of an operation, by status."""
    found = {str(endpoint.declared.status): _success(endpoint, models)}
    if endpoint.declared.has_etag and endpoint.method == "get":
        found["304"] = {"description": "The client has it already."}
    for status in sorted(problems(endpoint)):
        found[str(status)] = _problem(status)
    for status in endpoint.declared.problems:
        # What is not JSON may also say in its own type what is wrong.
        others = {kind: _STRING for kind in endpoint.declared.produces if kind != JSON}
        found[str(status)]["content"] |= others
    return found


def problems(endpoint: Endpoint) -> set[int]:
    """Tell which problems an operation can answer, by what it declares."""
    declared = endpoint.declared
    writes = endpoint.method != "get" and declared.roles is not None
    takes_body = declared.body is not None or declared.patch is not None
    follows = {
        (400, 406): True,
        (401,): declared.roles is not None or declared.basic,
        (403,): writes or (declared.roles or ANY_ROLE) != ANY_ROLE,
        (404,): bool(endpoint.rule.arguments),
        (409,): writes,
        (412, 428): declared.conditional,
        (413, 415, 422): takes_body,
        (429, 503): endpoint.path.startswith("/v1/"),
    }
    found = {status for statuses, holds in follows.items() if holds for status in statuses}
    return found | set(declared.problems)


def _success(endpoint: Endpoint, models: Models) -> Json:
    declared = endpoint.declared
    written: Json = {"description": HTTPStatus(declared.status).phrase}
    if declared.status == 201:
        written["headers"] = {"Location": _STRING, "ETag": _STRING}
    elif declared.conditional and declared.status == 200:
        written["headers"] = {"ETag": _STRING}
    if declared.status != 204:
        schema: Json = {"type": "string"}
        if is_model(declared.response):
            schema = models.ref(declared.response, "serialization")
        elif declared.response is dict:
            schema = {"type": "object"}
        written["content"] = {kind: {"schema": schema} for kind in declared.produces}
    return written


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
