"""The caller of a request, as its access token describes them."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

Role = Literal["admin", "staff", "student"]

ANYBODY = frozenset({"admin", "staff", "student"})
STAFF = frozenset({"admin", "staff"})
ADMIN = frozenset({"admin"})


@dataclass(frozen=True, slots=True)
class Caller:
    """All that authorization needs, so that it costs no statement."""

    api_user_id: int
    role: Role
    campus_id: int | None
    student_id: int | None
    staff_id: int | None

    def as_claims(self) -> dict[str, Any]:
        """Give the token's claims; `sub` is a string by RFC 7519."""
        claims = asdict(self)
        return {"sub": str(claims.pop("api_user_id")), **claims}

    @classmethod
    def from_claims(cls, claims: dict[str, Any]) -> Self:
        """Read the claims that `as_claims` wrote; raises `KeyError` where one is missing."""
        return cls.from_row({**claims, "api_user_id": int(claims["sub"])})

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """Take the caller's part out of a row about a user."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})
