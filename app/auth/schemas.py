"""Schemas of the request and response bodies for tokens and passwords."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.auth import passwords
from app.http.caller import Role

TOKEN = "J1Vx0yJkzq3cXyN4V4h1mXcJ0m7oZfWq0Qn4b0y2a6E"  # noqa: S105 - an example


class TokenPair(BaseModel):
    """A short-lived access token, and a refresh token to exchange for the next pair."""

    access_token: str = Field(
        description="Send it as `Authorization: Bearer ...`.", examples=["eyJhbGciOiJIUzI1NiIs..."]
    )
    token_type: Literal["Bearer"] = Field(description="The type of the access token (RFC 6750).")
    expires_in: int = Field(description="Lifetime of the access token, in seconds.", examples=[900])
    refresh_token: str = Field(
        description="Can be used once. Store it as securely as a password.", examples=[TOKEN]
    )
    refresh_token_expires_in: int = Field(
        description="Lifetime of the refresh token, in seconds.", examples=[1209600]
    )


class CurrentUser(BaseModel):
    """The signed-in user."""

    api_user_id: int = Field(examples=[1])
    user_name: str = Field(examples=["admin"])
    role: Role = Field(description="What the user may do.")
    campus_id: int | None = Field(description="The campus of a member of staff.")
    staff_id: int | None = Field(description="The member of staff, with the role `staff`.")
    student_id: int | None = Field(description="The student, with the role `student`.")


class RefreshToken(BaseModel):
    """The refresh token of the most recent pair."""

    model_config = ConfigDict(extra="forbid", strict=True)

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=100)] = Field(
        description="The `refresh_token` of the most recent pair.", examples=[TOKEN]
    )


class PasswordChange(BaseModel):
    """The current password and the new one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    current_password: Annotated[SecretStr, Field(max_length=passwords.MAX_LENGTH)] = Field(
        description="The current password.", examples=["correct horse battery staple"]
    )
    new_password: Annotated[
        SecretStr, Field(min_length=passwords.MIN_LENGTH, max_length=passwords.MAX_LENGTH)
    ] = Field(
        description=f"{passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters of any kind.",
        examples=["a new, long and unique password"],
    )
