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

Counters are kept where RATE_LIMIT_STORAGE_URL says (`app.auth.rate_limit_windows`).
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Network
from math import ceil

from flask import Flask, Response, g, request
from limits import parse
from limits.errors import ConfigurationError

from app.auth.rate_limit_windows import Window, Windows, windows_at
from app.http.caller import signed_in
from app.http.problems import Problem
from app.settings import BadSettings, Settings

# Whoever watches the service must never be refused.
EXEMPT_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
# Where a password is checked, and what the answer is to a wrong one.
WRONG_PASSWORD = {("POST", "/v1/tokens"): 401, ("PUT", "/v1/users/me/password"): 422}
# draft-ietf-httpapi-ratelimit-headers; a registered type keeps its own name.
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


class Policy:
    """So many in so many seconds, for each key; `rate` is like "600/minute"."""

    def __init__(self, name: str, rate: str, key: Callable[[], str]) -> None:
        limit = parse(rate)
        self.name, self._key = name, key
        self.most, self.seconds = limit.amount, limit.get_expiry()
        self.field = f'"{name}";q={self.most};w={self.seconds}'

    def count(self, windows: Windows, number: int) -> "Standing":
        """Count so many more for whoever asks."""
        key = f"{self.name}/{self.seconds}/{self._key()}"
        return Standing(self, windows.add(key, number, self.seconds))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands with a policy."""

    policy: Policy
    window: Window

    @property
    def seconds(self) -> int:
        """How long until all is forgotten."""
        return max(1, ceil(self.window.ends_at - time.time()))

    @property
    def field(self) -> str:
        """What is left."""
        left = max(0, self.policy.most - self.window.counted)
        return f'"{self.policy.name}";r={left};t={self.seconds}'


def register(app: Flask, settings: Settings) -> None:
    """Count the requests of this application; raises `BadSettings` if they cannot be counted."""
    try:
        windows = windows_at(settings.rate_limit_storage_url.get_secret_value())
    except (ConfigurationError, ValueError) as error:
        raise BadSettings(f"RATE_LIMIT_STORAGE_URL cannot be used: {error}") from None
    rate, guesses = settings.rate_limit, settings.sign_in_rate_limit
    requests = Policy("default", rate, _user_or_address)
    passwords = [
        Policy("sign-in-by-name", guesses, _name),
        Policy("sign-in-by-address", guesses, _address),
    ]
    app.before_request(lambda: _count(windows, requests, passwords))
    app.after_request(lambda response: _say_what_is_left(response, windows))


def _count(windows: Windows, requests: Policy, passwords: list[Policy]) -> None:
    # A browser's preflight (OPTIONS) does no work.
    if request.path in EXEMPT_PATHS or request.method == "OPTIONS":
        return
    g.standings = [requests.count(windows, 1)]
    if g.standings[0].window.counted > requests.most:
        raise _too_many(requests)
    if (request.method, request.path) in WRONG_PASSWORD:
        for policy in passwords:
            # Only looked at: what counts is the answer.
            g.standings.append(policy.count(windows, 0))
            if g.standings[-1].window.counted >= policy.most:
                raise _too_many(policy)


def _too_many(policy: Policy) -> Problem:
    standing: Standing = g.standings[-1]
    return Problem(
        429,
        "Too many requests; Retry-After says when to come back.",
        kind=QUOTA_EXCEEDED,
        headers=[("Retry-After", str(standing.seconds))],
        members={"violated-policies": [policy.name]},
    )


def _say_what_is_left(response: Response, windows: Windows) -> Response:
    standings: list[Standing] = g.get("standings", [])
    if len(standings) > 1 and response.status_code == WRONG_PASSWORD[request.method, request.path]:
        standings[1:] = [it.policy.count(windows, 1) for it in standings[1:]]
    if standings:
        response.headers.add("RateLimit-Policy", ", ".join([it.policy.field for it in standings]))
        response.headers.add("RateLimit", ", ".join([it.field for it in standings]))
    return response


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
    given = request.remote_addr or "127.0.0.1"
    if ":" in given:
        # Whoever has one address of the sixth version has 2^64 of them.
        with suppress(ValueError):  # a proxy may write what it likes
            return f"address {IPv6Network((given, 64), strict=False)}"
    return f"address {given}"
