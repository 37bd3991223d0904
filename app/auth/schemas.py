"""What signing in, staying signed in and changing a password take and give."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.auth import passwords

TOKEN = "J1Vx0yJkzq3cXyN4V4h1mXcJ0m7oZfWq0Qn4b0y2a6E"  # noqa: S105 - an example


class TokenPair(BaseModel):
    """An access token for the next minutes, and a refresh token for the next pair."""

    access_token: str = Field(
        description="Send it as `Authorization: Bearer ...`.", examples=["eyJhbGciOiJIUzI1NiIs..."]
    )
    token_type: Literal["Bearer"] = Field(description="How it is sent (RFC 6750).")
    expires_in: int = Field(description="Seconds the access token is valid.", examples=[900])
    refresh_token: str = Field(
        description="Good for one refresh; keep it as you would a password.", examples=[TOKEN]
    )
    refresh_token_expires_in: int = Field(
        description="Seconds the refresh token is valid.", examples=[1209600]
    )


class RefreshToken(BaseModel):
    """The refresh token of the latest pair."""

    model_config = ConfigDict(extra="forbid", strict=True)

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=100)] = Field(
        description="As it was given out.", examples=[TOKEN]
    )


class PasswordChange(BaseModel):
    """The password one has, and the one to come."""

    model_config = ConfigDict(extra="forbid", strict=True)

    current_password: Annotated[SecretStr, Field(max_length=passwords.MAX_LENGTH)] = Field(
        description="The password until now.", examples=["the password until now"]
    )
    new_password: Annotated[
        SecretStr, Field(min_length=passwords.MIN_LENGTH, max_length=passwords.MAX_LENGTH)
    ] = Field(
        description=f"At least {passwords.MIN_LENGTH} characters of any kind.",
        examples=["a new one, long and unlike others"],
    )
