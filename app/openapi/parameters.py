"""The parameters of an operation, in its path, query and headers."""

from typing import Any

from werkzeug.routing import Rule

from app.http import consistency
from app.http.idempotency import HEADER, PATTERN
from app.http.operation import Operation

Json = dict[str, Any]

MAX_KEY = 4_294_967_295  # INT UNSIGNED


def path_parameters(rule: Rule) -> list[Json]:
    """Describe the parameters in a path, which are keys."""
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_KEY}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The key of the {name.removesuffix('_id').replace('_', ' ')}.",
            "schema": {**schema, "examples": [1]},
        }
        for name in sorted(rule.arguments)
    ]


def query_parameters(declared: Operation) -> list[Json]:
    """Describe the query parameters by their model."""
    if declared.query is None:
        return []
    schema = declared.query.model_json_schema(mode="validation")
    return [
        _query_parameter(name, dict(value), name in schema.get("required", ()))
        for name, value in schema["properties"].items()
    ]


def header_parameters(method: str, declared: Operation) -> list[Json]:
    """Describe the request headers that an operation uses."""
    found = []
    if declared.conditional:
        found.append(_header("If-Match", "The current ETag of the resource.", required=True))
    if declared.has_etag and method == "get":
        found.append(_header("If-None-Match", "ETag of the client's copy; 304 if it is current."))
    if declared.roles is not None and method == "get":
        meaning = "From the response to the client's last write; the response includes that write."
        found.append(_header(consistency.HEADER, meaning))
    if declared.idempotency_key:
        meaning = "Retries with the same key within 24 hours return the stored response."
        key = _header(HEADER, meaning)
        key["schema"] |= {"pattern": PATTERN, "examples": ["5d4c6a1e-9f0b-4a55-8f0e-2f6f1c7d7c11"]}
        found.append(key)
    return found


def _query_parameter(name: str, schema: Json, required: bool) -> Json:
    parameter: Json = {"name": name, "in": "query", "required": required}
    if "anyOf" in schema:  # `| None` means optional; null itself cannot be sent
        (value,) = [one for one in schema.pop("anyOf") if one.get("type") != "null"]
        schema |= value
    schema.pop("title", None)
    if schema.get("default", ()) in (None, (), []):
        schema.pop("default", None)
    if description := schema.pop("description", ""):
        parameter["description"] = description
    return {**parameter, "schema": schema}


def _header(name: str, description: str, *, required: bool = False) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }
