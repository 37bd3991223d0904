"""Passwords, tokens and keys are never logged, even with LOG_LEVEL=DEBUG."""

from urllib.parse import urlsplit

import pytest

from tests.support.redis_server import running_redis
from tests.support.service import SECRET, serving
from tests.support.signing_in import PROTECTED_PATH
from tests.support.users import new_user

WRONG = "a password that is wrong"
NEW = "the password that came later"


@pytest.fixture(scope="module")
def session(migrated, server):
    """The secrets in the requests to a service and in its responses, and its log."""
    with (
        running_redis() as redis_server,
        serving(migrated, LOG_LEVEL="DEBUG", RATE_LIMIT_STORAGE_URL=redis_server.url) as service,
    ):
        with server.connect(migrated) as dba:
            user = new_user(dba)
        client = service.client
        pairs = [client.post("/v1/tokens", auth=(user.name, user.password)).json()]
        basic = client.post("/v1/tokens", auth=(user.name, WRONG)).request.headers["Authorization"]
        body = {"refresh_token": pairs[0]["refresh_token"]}
        pairs.append(client.post("/v1/tokens/refresh", json=body).json())
        client.post("/v1/tokens/refresh", json=body)
        bearer = {"Authorization": f"Bearer {pairs[1]['access_token']}"}
        change = {"current_password": WRONG, "new_password": NEW}
        client.put("/v1/users/me/password", json=change, headers=bearer)
        change["current_password"] = user.password
        pairs.append(client.put("/v1/users/me/password", json=change, headers=bearer).json())
        client.put("/v1/users/me/password", json={**change, "new_password": "x"}, headers=bearer)
        client.get(PROTECTED_PATH, headers=bearer)
        client.get(PROTECTED_PATH, headers={"Authorization": f"Bearer {WRONG}"})
        redis_server.stop()
        client.post("/v1/tokens", auth=(user.name, WRONG))
        client.post("/v1/tokens/revoke", json={"refresh_token": pairs[2]["refresh_token"]})
        secrets = {
            "secret key": SECRET,
            "wrong password": WRONG,
            "new password": NEW,
            "password": user.password,
            "basic": basic.partition(" ")[2],
            "database": urlsplit(migrated).password,
            "redis": urlsplit(redis_server.url).password,
        }
        for number, pair in enumerate(pairs):
            secrets[f"access token {number}"] = pair["access_token"]
            secrets[f"refresh token {number}"] = pair["refresh_token"]
        yield secrets, service.log.read_text()


@pytest.mark.parametrize(
    "kind",
    ["secret key", "wrong password", "new password", "password", "basic", "database", "redis"]
    + [f"{kind} token {number}" for kind in ("access", "refresh") for number in range(3)],
)
def test_a_secret_is_never_logged(kind, session):
    secrets, log = session

    assert "/v1/tokens/refresh" in log
    assert len(secrets[kind]) > 8
    assert secrets[kind] not in log
