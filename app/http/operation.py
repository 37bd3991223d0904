"""Declares one operation of a resource: who may call it, what it takes, what it answers.

    @operation(roles=ANY_ROLE, query=StudentPage, response=PageOf[Student])
    def get(self, query: StudentPage) -> Response: ...

The method runs only if all of that holds. The same declaration becomes the
operation's part of the OpenAPI document (`app.http.openapi`), so the two
cannot disagree. Path parameters are passed on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response, request
from pydantic import BaseModel

from app.http.caller import Roles, authorize
from app.http.preconditions import require_if_match
from app.http.problems import Problem
from app.http.validation import FORMS, JSON, read_body, read_patch, read_query

Method = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is known of an operation without running it.

    `roles` None makes it public. `query`, `body` and `patch` are pydantic
    models; the method receives `query=`, `body=`, or `changes=` for a merge
    patch of `patch`. `form` admits an HTML form's body too. `answer` and
    `status` describe success, `produces` its media types, `problems` the
    statuses that do not follow from all this. `conditional` demands If-Match,
    `keyed` honors Idempotency-Key; `basic` is for HTTP Basic.
    """

    roles: Roles | None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    patch: type[BaseModel] | None = None
    form: bool = False
    response: Any = None
    status: int = 200
    produces: tuple[str, ...] = (JSON,)
    problems: tuple[int, ...] = ()
    conditional: bool = False
    idempotency_key: bool = False
    basic: bool = False

    @property
    def consumes(self) -> tuple[str, ...]:
        """The media types of the body."""
        return (JSON, *FORMS) if self.form else (JSON,)

    @property
    def has_etag(self) -> bool:
        """Whether what is read comes with an ETag: private JSON does, a stream cannot."""
        return self.roles is not None and self.produces == (JSON,)


def operation(**declared: Any) -> Callable[[Method], Method]:
    """Guard a method and validate its input; takes the fields of `Operation`."""
    declaration = Operation(**declared)

    def declare(method: Method) -> Method:
        @wraps(method)
        def guarded(self: object, **path: Any) -> Response:
            _admit(declaration, path)
            return method(self, **path)

        guarded.declaration = declaration  # type: ignore[attr-defined]
        return guarded

    return declare


def _admit(declared: Operation, arguments: dict[str, Any]) -> None:
    """Refuse what does not fit the declaration; add what was read to the arguments."""
    if declared.roles is not None:
        authorize(declared.roles)
    _check_accept(declared.produces)
    query = read_query(declared.query)
    if query is not None:
        arguments["query"] = query
    if declared.conditional:
        require_if_match()
    if declared.body is not None:
        arguments["body"] = read_body(declared.body, declared.consumes)
    elif declared.patch is not None:
        arguments["changes"] = read_patch(declared.patch)


def _check_accept(produces: tuple[str, ...]) -> None:
    accept = request.headers.get("Accept")
    if accept is None or accept == "*/*" or accept in produces:
        return
    # Parameters, such as a version, are the operation's own business.
    accepted = {kind.partition(";")[0] for kind, quality in request.accept_mimetypes if quality > 0}
    for kind in produces:
        if {kind, "*/*", f"{kind.partition('/')[0]}/*"} & accepted:
            return
    raise Problem(406, f"This is available as {' or '.join(produces)}.")
