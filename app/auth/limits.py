"""How often one may ask: RATE_LIMIT for everything, SIGN_IN_RATE_LIMIT for wrong passwords.

    policy               counts                       for each
    default              requests                     user, or address where nobody is signed in
    sign-in-by-name      wrong passwords              user name
    sign-in-by-address   wrong passwords              address

The answers say what is left (draft-ietf-httpapi-ratelimit-headers), a 429 when to come back.
A password that is right costs nothing, so that a whole school may sign in from one address; and
a guess that waits in line is counted when it is answered, so that as many more as there are
threads may slip through. Whoever guesses at somebody's password keeps them from signing in,
too, but nobody who is signed in from going on.

Counters are kept where RATE_LIMIT_STORAGE_URL says. Where Redis is away each worker counts by
itself, asks for it again after 1, 2, 4, ... seconds, and says so in the log.
"""

import time
from collections.abc import Callable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any

from flask import Flask, Response, request
from flask_limiter import ApplicationLimit, Limiter, RequestLimit
from flask_limiter.util import get_remote_address
from limits.errors import ConfigurationError, StorageError

from app.auth.guard import signed_in
from app.settings import BadSettings, Settings

# Whoever watches the service must never be refused.
EXEMPT_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
# Where a password is checked, and what the answer is to a wrong one.
WRONG_PASSWORD = {("POST", "/v1/tokens"): 401, ("PUT", "/v1/users/me/password"): 422}
# A Redis on the same network answers within a millisecond or two.
REDIS_TIMEOUT_SECONDS = 0.5


def register(app: Flask, settings: Settings) -> None:
    """Count the requests of this application; raises `BadSettings` if they cannot be counted."""
    try:
        limiter = _limiter(settings)
        # The last one registered comes first: these fields want what the limiter has counted.
        app.after_request(lambda response: _say_what_is_left(response, limiter))
        limiter.init_app(app)
    except (ConfigurationError, ValueError) as error:
        raise BadSettings(f"RATE_LIMIT_STORAGE_URL cannot be used: {error}") from None


def _limiter(settings: Settings) -> Limiter:
    url = settings.rate_limit_storage_url.get_secret_value()
    is_shared = not url.startswith("memory:")
    return Limiter(
        _user_or_address,
        application_limits=[
            ApplicationLimit(settings.rate_limit, scope="default", exempt_when=_is_exempt),
            _of_wrong_passwords(settings, "sign-in-by-name", _name),
            _of_wrong_passwords(settings, "sign-in-by-address", _address),
        ],
        storage_uri=url,
        storage_options=_redis_options() if is_shared else {},
        in_memory_fallback_enabled=is_shared,
        # What cannot be counted is let through, with a line in the log.
        swallow_errors=True,
        # Paths that do not exist are counted, too.
        request_identifier=lambda: request.endpoint or "nowhere",
    )


def _of_wrong_passwords(
    settings: Settings, policy: str, key: Callable[[], str]
) -> ApplicationLimit:
    return ApplicationLimit(
        settings.sign_in_rate_limit,
        scope=policy,
        key_function=key,
        exempt_when=lambda: (request.method, request.path) not in WRONG_PASSWORD,
        deduct_when=lambda response: (
            response.status_code == WRONG_PASSWORD[request.method, request.path]
        ),
    )


def _redis_options() -> dict[str, Any]:
    from redis.backoff import NoBackoff  # noqa: PLC0415 - an optional package
    from redis.retry import Retry  # noqa: PLC0415

    return {
        "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
        "socket_timeout": REDIS_TIMEOUT_SECONDS,
        # Once more, for a connection that Redis has closed meanwhile; its own way is to try
        # three times with pauses of up to ten seconds.
        "retry": Retry(NoBackoff(), 1),
        "wrap_exceptions": True,
    }


def _is_exempt() -> bool:
    # A browser's preflight (OPTIONS) does no work.
    return request.path in EXEMPT_PATHS or request.method == "OPTIONS"


def _user_or_address() -> str:
    caller = signed_in()
    return f"user {caller.api_user_id}" if caller else _address()


def _name() -> str:
    if caller := signed_in():
        return f"user {caller.api_user_id}"
    name = (request.authorization and request.authorization.username) or ""
    # No name as it is in somebody's Redis: people type passwords into the wrong field.
    return f"name {sha256(name.encode()).hexdigest()}"


def _address() -> str:
    address = ip_address(get_remote_address())
    if isinstance(address, IPv6Address):
        # Whoever has one address of the sixth version has 2^64 of them.
        return f"address {ip_network((address, 64), strict=False)}"
    return f"address {address}"


def _say_what_is_left(response: Response, limiter: Limiter) -> Response:
    try:
        limits = [(_policy(limit), limit) for limit in limiter.current_limits]
        left = [(name, limit.remaining, _seconds_to_reset(limit)) for name, limit in limits]
    except StorageError:  # Redis went away since the request was counted
        return response
    if limits:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{name}";q={limit.limit.amount};w={limit.limit.get_expiry()}'
            for name, limit in limits
        )
        response.headers["RateLimit"] = ", ".join(f'"{name}";r={r};t={t}' for name, r, t in left)
    waits = [_seconds_to_reset(limit) for _, limit in limits if limit.breached]
    if waits:
        response.headers["Retry-After"] = str(max(waits))
    return response


def _policy(limit: RequestLimit) -> str:
    return limit.request_args[-1]  # the scope, after the key


def _seconds_to_reset(limit: RequestLimit) -> int:
    return max(1, ceil(limit.window.reset_time - time.time()))
