"""Access tokens: short-lived JWTs, signed with SECRET_KEY (RFC 7519, HS256)."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import jwt

from app.http.caller import Caller
from app.service import AUDIENCE
from app.settings import Settings

ALGORITHM = "HS256"
# The clocks of replicas differ: `iat` or `nbf` may be this far in the future.
LEEWAY_SECONDS = 30


class BadToken(Exception):
    """The token is expired, forged, or was issued for another service."""


def issue(caller: Caller, settings: Settings) -> str:
    """Return a new token that is valid for ACCESS_TOKEN_SECONDS."""
    now = datetime.now(UTC)
    lifetime = timedelta(seconds=settings.access_token_seconds)
    claims = {**caller.as_claims(), "aud": AUDIENCE, "iat": now, "exp": now + lifetime}
    return jwt.encode(claims, settings.secret_key.get_secret_value(), ALGORITHM)


def verify(token: str, settings: Settings) -> Caller:
    """Verify a token and return its caller; raises `BadToken`."""
    try:
        caller, valid_from, expires_at = _decode(token, settings.secret_key.get_secret_value())
    except jwt.ExpiredSignatureError:
        raise BadToken("the token has expired") from None
    except (jwt.InvalidTokenError, KeyError, ValueError):
        raise BadToken("the token is not valid") from None
    now = time.time()
    if expires_at <= now:  # without leeway
        raise BadToken("the token has expired")
    if valid_from > now + LEEWAY_SECONDS:  # the clock was set back since the token was cached
        raise BadToken("the token is not valid")
    return caller


# Cached, because a client sends the same token with every request until it expires. Invalid
# tokens raise and are not cached.
@lru_cache(maxsize=4096)
def _decode(token: str, secret: str) -> tuple[Caller, int, int]:
    """Return the caller, and the times from and until which the token is valid."""
    claims = jwt.decode(
        token,
        secret,
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "sub", "role"]},
    )
    valid_from = max(int(claims.get("iat", 0)), int(claims.get("nbf", 0)))
    return Caller.from_claims(claims), valid_from, int(claims["exp"])
