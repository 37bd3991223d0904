"""Rate limits for all requests, for wrong passwords and for correct ones.

    policy               setting                       counts             per
    default              RATE_LIMIT                    requests           user, or client address
                                                                          if nobody is signed in
    sign-in-by-name      SIGN_IN_RATE_LIMIT            wrong passwords    user name
    sign-in-by-address   SIGN_IN_RATE_LIMIT            wrong passwords    client address
    successful-sign-in   SUCCESSFUL_SIGN_IN_RATE_LIMIT correct passwords  user name

Responses include the remaining quota (draft-ietf-httpapi-ratelimit-headers); a 429 response also
includes Retry-After. Correct passwords are not counted by address, so many users can sign in from
one address; they are counted by user name, because each check takes 64 MiB. A password is counted
after it has been checked, so concurrent requests can exceed the limit by up to one per worker
thread; a request that is rejected before the check is not counted. Repeated wrong passwords block
further sign-ins for that user name, but do not affect sessions that already exist.

The counters are stored at RATE_LIMIT_STORAGE_URL (`app.auth.rate_limit_counters`).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Network
from math import ceil

from flask import Flask, Response, g, request
from limits import parse
from limits.errors import ConfigurationError

from app.auth.credentials import credentials
from app.auth.rate_limit_counters import Counters, Window, open_counters
from app.http.caller import signed_in
from app.http.problems import Problem
from app.settings import BadSettings, Settings

# Requests from monitoring must never be rejected.
EXEMPT_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
PASSWORD_OPERATIONS = {("POST", "/v1/tokens"), ("PUT", "/v1/users/me/password")}
# A registered problem type (draft-ietf-httpapi-ratelimit-headers), not one of this project's URNs.
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


class Policy:
    """A limit per time window and key; `rate` is written like "600/minute".

    If `counts_correct` is given, only correct or only wrong passwords are counted.
    """

    def __init__(
        self, name: str, rate: str, key: Callable[[], str], *, counts_correct: bool | None = None
    ) -> None:
        limit = parse(rate)
        self.name, self._key, self.counts_correct = name, key, counts_correct
        self.limit, self.seconds = limit.amount, limit.get_expiry()
        self.header_item = f'"{name}";q={self.limit};w={self.seconds}'

    def count(self, counters: Counters, amount: int) -> "Usage":
        """Add `amount` to the counter of the current request's key; 0 only reads the counter."""
        key = f"{self.name}/{self.seconds}/{self._key()}"
        return Usage(self, counters.add(key, amount, self.seconds))


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a policy's limit is used in the current window."""

    policy: Policy
    window: Window

    @property
    def seconds(self) -> int:
        """Seconds until the window ends."""
        return max(1, ceil(self.window.seconds_left))

    @property
    def header_item(self) -> str:
        """The item of the RateLimit header."""
        remaining = max(0, self.policy.limit - self.window.used)
        return f'"{self.policy.name}";r={remaining};t={self.seconds}'


def register(app: Flask, settings: Settings) -> None:
    """Apply the rate limits to this application; raises `BadSettings` if the storage fails."""
    try:
        counters = open_counters(settings.rate_limit_storage_url.get_secret_value())
    except (ConfigurationError, ValueError) as error:
        raise BadSettings(f"RATE_LIMIT_STORAGE_URL cannot be used: {error}") from None
    requests = Policy("default", settings.rate_limit, _user_or_address)
    wrong, correct = settings.sign_in_rate_limit, settings.successful_sign_in_rate_limit
    passwords = [
        Policy("sign-in-by-name", wrong, _user_name, counts_correct=False),
        Policy("sign-in-by-address", wrong, _client_address, counts_correct=False),
        Policy("successful-sign-in", correct, _user_name, counts_correct=True),
    ]
    app.before_request(lambda: _count_request(counters, requests, passwords))
    app.after_request(lambda response: _add_headers(response, counters))


def note_password_check(*, is_correct: bool) -> None:
    """Count the check of a password when the response is complete."""
    g.password_is_correct = is_correct


def _count_request(counters: Counters, requests: Policy, passwords: list[Policy]) -> None:
    # CORS preflight requests (OPTIONS) are cheap and not counted.
    if request.path in EXEMPT_PATHS or request.method == "OPTIONS":
        return
    g.rate_limit_usage = [requests.count(counters, 1)]
    if g.rate_limit_usage[0].window.used > requests.limit:
        raise _too_many_requests(requests)
    if (request.method, request.path) in PASSWORD_OPERATIONS:
        for policy in passwords:
            # Only read here: a password is counted once it has been checked.
            g.rate_limit_usage.append(policy.count(counters, 0))
            if g.rate_limit_usage[-1].window.used >= policy.limit:
                raise _too_many_requests(policy)


def _too_many_requests(policy: Policy) -> Problem:
    usage: Usage = g.rate_limit_usage[-1]
    return Problem(
        429,
        "Too many requests; retry after the number of seconds in Retry-After.",
        kind=QUOTA_EXCEEDED,
        headers=[("Retry-After", str(usage.seconds))],
        members={"violated-policies": [policy.name]},
    )


def _add_headers(response: Response, counters: Counters) -> Response:
    """Count a password that was checked, and add the RateLimit headers."""
    usage: list[Usage] = g.get("rate_limit_usage", [])
    if "password_is_correct" in g:
        usage = [
            it.policy.count(counters, 1)
            if it.policy.counts_correct is g.password_is_correct
            else it
            for it in usage
        ]
    if usage:
        policies = ", ".join([it.policy.header_item for it in usage])
        response.headers.add("RateLimit-Policy", policies)
        response.headers.add("RateLimit", ", ".join([it.header_item for it in usage]))
    return response


def _user_or_address() -> str:
    caller = signed_in()
    return f"user {caller.api_user_id}" if caller else _client_address()


def _user_name() -> str:
    if caller := signed_in():
        return f"user {caller.api_user_id}"
    given = credentials()
    name = (given and given.username) or ""
    # Hashed, because people type passwords into the user name field.
    return f"name {sha256(name.encode()).hexdigest()}"


def _client_address() -> str:
    given = request.remote_addr or "127.0.0.1"
    if ":" in given:
        # One IPv6 client usually has a whole /64 network.
        with suppress(ValueError):  # a proxy may have written something that is not an address
            return f"address {IPv6Network((given, 64), strict=False)}"
    return f"address {given}"
