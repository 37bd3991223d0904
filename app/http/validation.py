"""Validation of a request's input with pydantic: query string, JSON body, merge patch and form.

Query strings and forms are text. If the model's field is a number or a boolean, the text is parsed
as JSON: `07`, `1_0` and `yes` are not valid.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from werkzeug.datastructures import MultiDict

from app.http.complexity import check_form, malformed, parse_json
from app.http.parameters import is_name_list
from app.http.problems import InputError, Problem
from app.http.types import Body, message_of

Model = TypeVar("Model", bound=BaseModel)

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
PYTHON_BOOLEANS = {"True": "true", "False": "false"}  # as Python clients write them
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Names in error messages are truncated; the longest of the service's own is half as long.
MAX_NAME_LENGTH = 50


def read_query(model: type[Model] | None) -> Model | None:
    """Validate the query string; raises a `Problem` with each invalid parameter."""
    given = request.args
    if model is None:
        if given:
            raise invalid(400, "query", [_unknown(name) for name in given])
        return None
    values = given.to_dict()
    if len(values) != sum(1 for _ in given.items(multi=True)):
        values |= _joined(model, given)
    if "" in values.values():
        # Clients write None so: `campus_id=`. Of an unknown parameter, the name is the error.
        known = _names(model)
        values = {name: text for name, text in values.items() if text or name not in known}
    try:
        return model.model_validate(_typed(model, values), strict=True)
    except ValidationError as error:
        raise invalid(400, "query", _parameters(error)) from None


def _joined(model: type[BaseModel], given: MultiDict[str, str]) -> dict[str, str]:
    """Return the repeated parameters that are lists, as one text: `fields=a&fields=b`."""
    repeated = {name: texts for name, texts in given.lists() if len(texts) > 1}
    lists = {name for name, info in model.model_fields.items() if is_name_list(info)}
    errors: list[InputError] = [
        {"parameter": shortened(name), "detail": "repeated parameter"}
        for name in repeated.keys() - lists
    ]
    if errors:
        raise invalid(400, "query", errors)
    return {name: ",".join(filter(None, texts)) for name, texts in repeated.items()}


def read_body(
    model: type[Model], types: tuple[str, ...], read_only: frozenset[str] = frozenset()
) -> Model:
    """Validate the body, which must have one of these media types.

    Fields in `read_only` may be in a JSON body too; see `Body.stated`.
    """
    _check_type(types)
    text = request.get_data()
    if request.mimetype in FORMS:
        if request.mimetype == FORMS[0]:  # Werkzeug limits the parts of a multipart form
            check_form(text)
        try:
            return model.model_validate(_typed(model, request.form), strict=True)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise invalid(422, "body", _pointers(found)) from None
    value = parse_json(text)
    if not read_only or not isinstance(value, dict) or read_only.isdisjoint(value):
        return validate(model, text)
    stated = {name: value.pop(name) for name in read_only & value.keys()}
    body = validate(model, json.dumps(value))
    return body.stating(stated) if isinstance(body, Body) else body


def read_patch(model: type[BaseModel], read_only: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a merge patch with fields of this model, or `read_only` ones.

    Values are validated after the merge.
    """
    # Clients that cannot set the media type send JSON; for a resource that is an object with
    # named fields, a merge patch is the only meaning it can have.
    _check_type((MERGE_PATCH, JSON))
    changes = parse_json(request.get_data(), allow_nan=False)
    if not isinstance(changes, dict):
        raise invalid(422, "body", [{"pointer": "", "detail": "Input should be an object"}])
    writable = {name: value for name, value in changes.items() if name not in read_only}
    unknown = list(_unknown_fields(model, writable))
    if unknown:
        raise invalid(422, "body", unknown)
    return changes


def validate(model: type[Model], text: str | bytes) -> Model:
    """Validate JSON text; raises a `Problem` with a pointer to each invalid value."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            raise malformed() from None
        raise invalid(422, "body", _pointers(found)) from None


def check_unchanged(stated: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Raise a `Problem` (422) that names the read-only fields with another value than now."""
    errors: list[InputError] = [
        {"pointer": f"/{name}", "detail": "read-only: send its current value, or leave it out"}
        for name, value in stated.items()
        if not _is_same(value, current[name])
    ]
    if errors:
        raise invalid(422, "body", errors)


def _is_same(value: Any, other: Any) -> bool:
    """Return whether two JSON values are equal; a time may be written in different ways."""
    if value == other and isinstance(value, bool) == isinstance(other, bool):
        return True
    try:
        return bool(datetime.fromisoformat(value) == datetime.fromisoformat(other))
    except (TypeError, ValueError):
        return False


def pointers_to(column: str, body: Any) -> list[str]:
    """Return pointers to the fields of a body that are named in a column or index name."""
    fields = _fields(body, "")
    return [pointer for name, pointer in fields if f"_{name}_" in f"_{column}_"]


def invalid(status: int, what: str, errors: list[InputError]) -> Problem:
    """Return the problem for invalid input: the query (400) or the body (422)."""
    return Problem(status, f"The {what} is not valid; see errors.", kind="invalid", errors=errors)


def _unknown_fields(
    model: type[BaseModel], changes: dict[str, Any], within: str = ""
) -> Iterator[InputError]:
    for name, value in changes.items():
        pointer = f"{within}/{_escaped(name)}"
        field = model.model_fields.get(name)
        if field is None:
            yield {"pointer": pointer, "detail": "unknown field"}
        elif isinstance(value, dict):
            for part in _plain_types(field.annotation):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    yield from _unknown_fields(part, value, pointer)


def _typed(model: type[BaseModel], texts: Mapping[str, str]) -> dict[str, Any]:
    """Parse the values of number and boolean fields; others stay text."""
    parsed = _parsed_names(model)
    return {name: _parsed(text) if name in parsed else text for name, text in texts.items()}


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(info.alias or name for name, info in model.model_fields.items())


@cache
def _parsed_names(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        info.alias or name
        for name, info in model.model_fields.items()
        if _plain_types(info.annotation) & {int, bool}
    )


def _plain_types(annotation: Any) -> set[Any]:
    """Return the plain types in an annotation such as `Annotated[int, ...] | None`."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        parts = parts[:1]
    return set().union(*map(_plain_types, parts)) if parts else {annotation}


def _parsed(text: str) -> Any:
    text = PYTHON_BOOLEANS.get(text, text)
    try:
        found = from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
    return found if isinstance(found, int) and text == text.strip() else text


def _check_type(types: tuple[str, ...]) -> None:
    if request.mimetype not in types:
        headers = [("Accept-Patch", MERGE_PATCH)] if MERGE_PATCH in types else []
        raise Problem(415, f"The Content-Type must be {' or '.join(types)}.", headers=headers)


def _unknown(name: str) -> InputError:
    return {"parameter": shortened(name), "detail": "unknown parameter"}


def _parameters(error: ValidationError) -> list[InputError]:
    return [
        {
            "parameter": ".".join(shortened(str(part)) for part in item["loc"]),
            "detail": "unknown parameter"
            if item["type"] == "extra_forbidden"
            else message_of(item),
        }
        for item in error.errors(include_url=False, include_input=False)
    ]


def _pointers(found: list[ErrorDetails]) -> list[InputError]:
    return [
        {
            "pointer": "".join(f"/{_escaped(part)}" for part in item["loc"]),
            "detail": message_of(item),
        }
        for item in found
    ]


def _fields(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, f"{pointer}/{_escaped(name)}"
            yield from _fields(inner, f"{pointer}/{_escaped(name)}")


def _escaped(part: Any) -> str:
    return shortened(str(part)).replace("~", "~0").replace("/", "~1")  # RFC 6901, 3


def shortened(name: str) -> str:
    """Return a name for an error message, truncated to `MAX_NAME_LENGTH`."""
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[:MAX_NAME_LENGTH]}…"
