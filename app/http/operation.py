"""Declaration of an operation: who may call it, its input and its response.

    @operation(roles=ANY_ROLE, query=StudentPage, response=PageOf[Student])
    def get(self, query: StudentPage) -> Response: ...

The caller is authorized and the input validated before the method is called; path parameters are
passed through. `app.openapi` generates the OpenAPI document from the same declarations, so that
the document and the service cannot disagree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.http.caller import Roles, authorize
from app.http.negotiation import check_accept
from app.http.preconditions import require_if_match
from app.http.validation import FORMS, JSON, read_body, read_patch, read_query

Method = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Operation:
    """The declaration of an operation.

    roles            may call it; None makes it public
    query            model of the query string, passed to the method as `query`
    body             model of the body, passed as `body`
    patch            model that a JSON Merge Patch applies to; the patch is passed as `changes`
    form             also accept the body as an HTML form
    response, status model of the successful response, and its status
    produces         media types of the successful response
    problems         error statuses that do not follow from the other fields
    conditional      require If-Match
    idempotency_key  support Idempotency-Key
    basic            the caller authenticates with HTTP Basic
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
    def read_only(self) -> frozenset[str]:
        """The fields of the response that a replacement or patch cannot change."""
        model = self.body or self.patch
        if not self.conditional or model is None or self.response is None:
            return frozenset()
        fields: dict[str, FieldInfo] = self.response.model_fields
        required = {name for name, info in fields.items() if info.is_required()}
        return frozenset(required - model.model_fields.keys())

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of the successful response; empty if it has no body."""
        return () if self.status == 204 else self.produces

    @property
    def has_etag(self) -> bool:
        """Whether a GET returns an ETag: only JSON that requires a token does."""
        return self.roles is not None and self.produces == (JSON,)


def operation(**declared: Any) -> Callable[[Method], Method]:
    """Authorize and validate before the method runs. The arguments are those of `Operation`."""
    declaration = Operation(**declared)
    read_only = declaration.read_only

    def declare(method: Method) -> Method:
        @wraps(method)
        def guarded(self: object, **path: Any) -> Response:
            _check(declaration, read_only, path)
            return method(self, **path)

        guarded.declaration = declaration  # type: ignore[attr-defined]
        return guarded

    return declare


def _check(declared: Operation, read_only: frozenset[str], arguments: dict[str, Any]) -> None:
    """Raise a `Problem` for a request that does not match; add its input to the arguments."""
    if declared.roles is not None:
        authorize(declared.roles)
    check_accept(declared.media_types)
    query = read_query(declared.query)
    if query is not None:
        arguments["query"] = query
    if declared.conditional:
        require_if_match()
    if declared.body is not None:
        arguments["body"] = read_body(declared.body, declared.consumes, read_only)
    elif declared.patch is not None:
        arguments["changes"] = read_patch(declared.patch, read_only)
