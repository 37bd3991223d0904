"""The exception for error responses, which `app.http.error_handlers` renders."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

# Output must not grow with hostile input: the rest is counted only.
MAX_ERRORS = 20


class InputError(TypedDict):
    """An input error, located by a JSON pointer into the body, or by parameter or header name."""

    pointer: NotRequired[str]
    parameter: NotRequired[str]
    header: NotRequired[str]
    detail: str


class Problem(Exception):
    """An error response: a problem as in RFC 9457. `kind` is the name of its type.

    The response contains the first `MAX_ERRORS` errors, and how many there are.
    """

    def __init__(  # noqa: PLR0913 - one argument for each member
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
        self.errors = errors[:MAX_ERRORS]
        self.error_count = len(errors)
        self.headers = headers
        self.members = members or {}  # extension members (RFC 9457, section 3.2)


def not_found(what: str) -> Problem:
    """Return the problem for a row that does not exist or that the caller may not see."""
    return Problem(404, f"No such {what}.")
