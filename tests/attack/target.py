"""The service under attack: a private database server, gunicorn, and optionally a proxy."""

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random

from app.auth import tokens
from app.http.caller import Caller
from app.settings import Settings
from tests.attack.documented_proxy import documented_proxy
from tests.support.catalog import operations
from tests.support.database import query, settings_for
from tests.support.server import start_server
from tests.support.service import serving

CALLER = ("api_user_id", "role", "campus_id", "student_id", "staff_id")
CALLERS = f"SELECT {', '.join(CALLER)} FROM api_user LEFT JOIN staff USING (staff_id)"
TOKEN_SECONDS = 86_400
# All clients have one address; only sign-ins are limited as in production.
SIGN_IN_RATE_LIMIT = Settings.model_fields["sign_in_rate_limit"].default


@dataclass(frozen=True)
class Target:
    """The address to attack, and what an attacker knows: the document, and an account per role."""

    port: int
    master: int  # process ID of gunicorn's master
    tokens: dict
    users: tuple
    operations: tuple
    proxied: bool = False

    def token(self, random):
        """Return the access token of a random role, or None."""
        return random.choice([*self.tokens.values(), None])

    def path(self, endpoint, random: Random):
        """Return the path of an operation with random keys."""
        return re.sub(
            r"{\w+}", lambda _: str(random.choice((1, 2, 7, 4_294_967_295))), endpoint.path
        )


@contextmanager
def private_target(proxy=False):
    """Start a database server with the sample data and the service; yield the target."""
    with start_server() as server:
        url = server.create_sample_database()
        with target_on(server, url, proxy=proxy) as target:
            yield target


@contextmanager
def target_on(server, url, *, proxy=False):
    """Start the service with this database, which the attack changes; yield the target."""
    forwarded = {"TRUSTED_PROXIES": 1} if proxy else {}
    settings = {"SIGN_IN_RATE_LIMIT": SIGN_IN_RATE_LIMIT, **forwarded}
    with serving(url, **settings) as service, ExitStack() as stack:
        yield Target(
            port=stack.enter_context(documented_proxy(service.port)) if proxy else service.port,
            master=service.process.pid,
            tokens=_tokens(server, url),
            users=tuple(server.users),
            operations=tuple(operations()),
            proxied=proxy,
        )


def _tokens(server, url):
    settings = settings_for(url, access_token_seconds=TOKEN_SECONDS)
    with server.connect(url) as root:
        rows = [dict(zip(CALLER, row, strict=True)) for row in query(root, CALLERS)]
    return {row["role"]: tokens.issue(Caller.from_row(row), settings) for row in rows}
