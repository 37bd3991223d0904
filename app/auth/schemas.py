"""What signing in, staying signed in and changing a password take and give."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from app.auth import passwords

TOKEN = "J1Vx0yJkzq3cXyN4V4h1mXcJ0m7oZfWq0Qn4b0y2a6E"  # noqa: S105 - an example


def _is_text(secret: SecretStr) -> SecretStr:
    # A SecretStr lets half a surrogate pair pass, which is no text and has no bytes.
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("secret", "Input should be valid Unicode text") from None
    return secret


Secret = Annotated[SecretStr, AfterValidator(_is_text)]


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

    refresh_token: Annotated[Secret, Field(min_length=1, max_length=100)] = Field(
        description="As it was given out.", examples=[TOKEN]
    )


class PasswordChange(BaseModel):
    """The password one has, and the one to come."""

    model_config = ConfigDict(extra="forbid", strict=True)

    current_password: Annotated[Secret, Field(max_length=passwords.LONGEST)] = Field(
        description="The password until now.", examples=["the password until now"]
    )
    new_password: Annotated[
        Secret, Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)
    ] = Field(
        description=f"At least {passwords.SHORTEST} characters of any kind.",
        examples=["a new one, long and unlike others"],
    )
