"""The caller of a request, and the roles that may call an operation.

`app.auth` registers how a request is authenticated (`register_authenticator`), so that this
package does not depend on tokens.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from flask import Flask, current_app, g

from app.http.problems import Problem

Role = Literal["admin", "staff", "student"]
Roles = frozenset[Role]

PUBLIC: Roles | None = None  # no authentication
ANY_ROLE: Roles = frozenset({"admin", "staff", "student"})
STAFF: Roles = frozenset({"admin", "staff"})
ADMIN: Roles = frozenset({"admin"})


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in user. Authorization needs no more than this, and therefore no query."""

    api_user_id: int
    role: Role
    campus_id: int | None
    student_id: int | None
    staff_id: int | None

    def as_claims(self) -> dict[str, Any]:
        """Return the claims of an access token; `sub` is a string (RFC 7519, section 4.1.2)."""
        claims = asdict(self)
        return {"sub": str(claims.pop("api_user_id")), **claims}

    @classmethod
    def from_claims(cls, claims: dict[str, Any]) -> Self:
        """Create a caller from the claims of `as_claims`; raises `KeyError` if one is missing."""
        return cls.from_row({**claims, "api_user_id": int(claims["sub"])})

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """Create a caller from a row with the columns of the same names."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})


def register_authenticator(app: Flask, authenticate: Callable[[], Caller]) -> None:
    """Authenticate requests with this function, which raises a `Problem` (401) on failure."""
    app.extensions["authenticate"] = authenticate


def authorize(roles: Roles) -> None:
    """Raise a `Problem` unless the caller is signed in (401) and has one of the roles (403)."""
    if _authenticated().role not in roles:
        raise Problem(403, f"This operation requires the role {' or '.join(sorted(roles))}.")


def caller() -> Caller:
    """Return the caller of the current request, which must have been authorized."""
    found: Caller = g.caller
    return found


def signed_in() -> Caller | None:
    """Return the caller if the request has a valid token, even on a public operation."""
    try:
        return _authenticated()
    except Problem:
        return None


def _authenticated() -> Caller:
    if "caller" not in g:
        g.caller = current_app.extensions["authenticate"]()
    return caller()
