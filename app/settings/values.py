"""Validators of settings that are not plain numbers or choices.

Each function raises `ValueError` with the allowed values.
"""

import re

from limits import parse_many
from pydantic import SecretStr

from app.db.strategies import STRATEGIES

# Scheme, host and optional port, as a browser sends them (RFC 6454, 6.2). Wildcards are rejected.
_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_STORAGES = ("memory://", "redis://", "rediss://", "redis+unix://")
STRATEGY_NAMES = ", ".join(STRATEGIES)


def upper(given: object) -> object:
    """Return a text in upper case."""
    return given.upper() if isinstance(given, str) else given


def lower(given: object) -> object:
    """Return a text in lower case."""
    return given.lower() if isinstance(given, str) else given


def strategy_name(name: str) -> str:
    """Validate the name of a strategy, or the syntax of a custom class."""
    module, colon, attribute = name.partition(":")
    is_class = colon and all(part.isidentifier() for part in [*module.split("."), attribute])
    if name not in STRATEGIES and not is_class:
        raise ValueError(f"use one of {STRATEGY_NAMES}, or package.module:Class")
    return name


def secret_key(secret: SecretStr) -> SecretStr:
    """Validate the length of the key (RFC 7518, 3.2: at least the length of the hash)."""
    if len(secret.get_secret_value()) < 32:
        raise ValueError("use at least 32 characters; generate one with: openssl rand -hex 32")
    return secret


def metrics_token(secret: SecretStr) -> SecretStr:
    """Validate that the token cannot be guessed and can be sent in a header (RFC 6750, 2.1)."""
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]{32,256}=*", secret.get_secret_value()):
        raise ValueError(
            "use 32 to 256 letters, digits and -._~+/; generate one with: openssl rand -hex 32"
        )
    return secret


def rate(text: str) -> str:
    """Validate a rate such as 600/minute."""
    try:
        found = parse_many(text)
    except ValueError:
        found = []
    if len(found) != 1 or found[0].amount < 1:
        raise ValueError("use a number and a period, such as 600/minute or 10/second")
    return text


def storage(url: SecretStr) -> SecretStr:
    """Validate the URL of the storage for rate limits."""
    if not url.get_secret_value().startswith(_STORAGES):
        raise ValueError(
            f"use {_STORAGES[0]}, or a URL that begins with one of {', '.join(_STORAGES[1:])}"
        )
    return url


def origins(value: object) -> object:
    """Split a comma-separated list of origins."""
    if not isinstance(value, str):
        return value
    listed = tuple(part.strip() for part in value.split(","))
    wrong = [origin for origin in listed if not _ORIGIN.fullmatch(origin)]
    if wrong:
        raise ValueError(
            f"{wrong[0]!r} is not an origin; use lower case and no path, "
            "such as https://app.example.org,http://localhost:3000"
        )
    return listed
