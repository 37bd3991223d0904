"""Generates the OpenAPI document from the declared operations of an application."""

import inspect
from typing import Any

from flask import Flask

from app.http.operation import Operation
from app.http.validation import MERGE_PATCH
from app.openapi.endpoints import Endpoint, endpoints, tags
from app.openapi.info import INFO, SECURITY
from app.openapi.models import Models
from app.openapi.parameters import header_parameters, path_parameters, query_parameters
from app.openapi.responses import COMPONENTS, responses

Json = dict[str, Any]


def document(app: Flask) -> Json:
    """Return the OpenAPI document of an application."""
    found = list(endpoints(app))
    models = Models([endpoint.declared for endpoint in found])
    paths: dict[str, Json] = {}
    for endpoint in found:
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint, models)
    for name, schema in COMPONENTS.items():
        models.define(name, schema)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in tags(app).items()],
        "paths": paths,
        "components": {
            "schemas": models.definitions,
            "securitySchemes": SECURITY,
        },
    }


def _operation(endpoint: Endpoint, models: Models) -> Json:
    declared = endpoint.declared
    text = inspect.cleandoc(getattr(endpoint.view, endpoint.method).__doc__ or "")
    summary, _, description = text.partition("\n")
    written: Json = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": summary,
        "description": f"{description.strip()}\n\n{_allowed_callers(declared)}".strip(),
        "parameters": [
            *path_parameters(endpoint.rule),
            *query_parameters(declared),
            *header_parameters(endpoint.method, declared),
        ],
        "responses": responses(endpoint, models),
        "security": _security(declared),
    }
    if body := _body(declared, models):
        written["requestBody"] = {"required": True, "content": body}
    return written


def _allowed_callers(declared: Operation) -> str:
    if declared.roles is None:
        return "No access token is required."
    return f"Allowed roles: {', '.join(sorted(declared.roles))}."


def _security(declared: Operation) -> list[Json]:
    if declared.basic:
        return [{"basic": []}]
    # OpenAPI 3.1 allows roles here for schemes that have no scopes.
    return [] if declared.roles is None else [{"bearer": sorted(declared.roles)}]


def _body(declared: Operation, models: Models) -> Json:
    if declared.patch is not None:
        schema = models.patch(declared.patch)
        content = {"schema": schema, "example": models.example(schema)}
        # JSON is accepted too, but openapi-python-client 0.29 cannot generate two media types.
        return {MERGE_PATCH: content}
    if declared.body is None:
        return {}
    schema = models.ref(declared.body, "validation")
    content = {"schema": schema, "example": models.example(schema)}
    return dict.fromkeys(declared.consumes, content)
