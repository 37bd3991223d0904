"""What a resource raises when it cannot do what was asked."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict


class InputError(TypedDict):
    """One thing wrong with the input, by JSON pointer into the body, or by name."""

    pointer: NotRequired[str]
    parameter: NotRequired[str]
    header: NotRequired[str]
    detail: str


class Problem(Exception):
    """An answer that is no success; `app.http.error_handlers` writes it as problem+json."""

    def __init__(  # noqa: PLR0913 - a problem has that many members
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        errors: Sequence[InputError] = (),
        headers: Sequence[tuple[str, str]] = (),
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.errors = errors
        self.headers = headers
        self.members = members or {}  # further ones, which its type defines (RFC 9457, 3.2)


def not_found(what: str) -> Problem:
    """Say that something is not there, or not for this caller: the answer is the same."""
    return Problem(404, f"No such {what}.")
