"""Declares one operation of a resource: who may call it, and what it takes.

    @operation(roles=STAFF, query=StudentPage)
    def get(self, query: StudentPage) -> Response: ...

The method runs only if all of that holds. Path parameters are passed on.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from app.auth.guard import authorize
from app.http.problems import InputError, Problem

Method = Callable[..., Response]


def operation(
    *,
    roles: frozenset[str] | None,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    form: bool = False,
) -> Callable[[Method], Method]:
    """Guard a method and validate its input.

    `roles=None` makes it public. `query` and `body` are pydantic models,
    passed to the method by those names; `form` admits an HTML form's body too.
    """

    def declare(method: Method) -> Method:
        @wraps(method)
        def guarded(self: object, **path: Any) -> Response:
            if roles is not None:
                authorize(roles)
            if query is not None:
                path["query"] = _read_query(query)
            elif request.args:
                raise _invalid(400, "query", [_unknown(name) for name in request.args])
            if body is not None:
                path["body"] = _read_body(body, form=form)
            return method(self, **path)

        return guarded

    return declare


def _unknown(name: str) -> InputError:
    return {"parameter": name, "detail": "unknown parameter"}


def _read_query(model: type[BaseModel]) -> BaseModel:
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        errors: list[InputError] = [
            {"parameter": name, "detail": "given more than once"} for name in repeated
        ]
        raise _invalid(400, "query", errors)
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise _invalid(400, "query", _problems(error, "parameter")) from None


def _read_body(model: type[BaseModel], *, form: bool) -> BaseModel:
    if form and request.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        given: Any = request.form.to_dict()
    elif request.mimetype != "application/json":
        raise Problem(415, f"Send the body as application/json{' or as a form' if form else ''}.")
    else:
        try:
            given = request.get_json()
        except (BadRequest, RecursionError):
            raise Problem(400, "The body is not well-formed JSON.", kind="malformed") from None
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _invalid(422, "body", _problems(error, "pointer")) from None


def _invalid(status: int, what: str, errors: list[InputError]) -> Problem:
    return Problem(status, f"The {what} is not valid; see errors.", kind="invalid", errors=errors)


def _problems(error: ValidationError, where: str) -> list[InputError]:
    found: list[InputError] = []
    for item in error.errors(include_url=False, include_input=False):
        path = [str(part).replace("~", "~0").replace("/", "~1") for part in item["loc"]]
        if where == "parameter":
            found.append({"parameter": ".".join(path), "detail": item["msg"]})
        else:
            found.append({"pointer": "".join(f"/{part}" for part in path), "detail": item["msg"]})
    return found
