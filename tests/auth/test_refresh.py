"""Refresh tokens: usable once, and revoked with their family when one is reused."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from json import dumps

import jwt
import pytest

from app.auth import sessions
from app.service import AUDIENCE
from tests.support.counting import statements
from tests.support.database import query
from tests.support.service import SECRET
from tests.support.signing_in import PROTECTED_PATH
from tests.support.users import new_user

INVALID_TOKENS = [
    "never issued",
    "é",
    "'; DROP TABLE refresh_token; --",
    "\x00",
]


@pytest.fixture
def user(dba):
    return new_user(dba)


@pytest.fixture
def pair(client, user):
    return user.sign_in(client).json


@pytest.fixture
def time_passes(dba, user):
    """A function that moves all times of the user's tokens into the past."""

    def move(seconds):
        query(
            dba,
            "UPDATE refresh_token SET create_date = create_date - INTERVAL %s SECOND, "
            "use_date = use_date - INTERVAL %s SECOND, "
            "expire_date = expire_date - INTERVAL %s SECOND WHERE api_user_id = %s",
            (seconds, seconds, seconds, user.api_user_id),
        )

    return move


def refresh(client, pair):
    return client.post("/v1/tokens/refresh", json={"refresh_token": pair["refresh_token"]})


def is_refreshable(client, pair):
    return refresh(client, pair).status_code == 201


def test_a_refresh_returns_a_new_pair(client, pair):
    response = refresh(client, pair)

    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json["refresh_token"] != pair["refresh_token"]
    assert is_refreshable(client, response.json)
    bearer = {"Authorization": f"Bearer {response.json['access_token']}"}
    assert client.get(PROTECTED_PATH, headers=bearer).status_code == 200


def test_the_new_access_token_has_the_same_claims(client, server):
    for user in server.users:
        signed_in = client.post("/v1/tokens", auth=(user.user_name, user.password)).json
        refreshed = refresh(client, signed_in).json

        before, after = (
            jwt.decode(pair["access_token"], SECRET, ["HS256"], audience=AUDIENCE)
            for pair in (signed_in, refreshed)
        )
        for time_claim in ("iat", "exp"):
            del before[time_claim], after[time_claim]
        assert before == after
        assert (before["staff_id"] is not None) == (user.role == "staff")


def test_a_refresh_sends_six_statements(app, client, pair, server):
    # BEGIN, SELECT, UPDATE (use_date), INSERT, commit token, COMMIT
    assert statements(server, lambda: refresh(client, pair)) == 6


def test_only_the_hash_of_a_refresh_token_is_stored(pair, user, dba):
    ((stored,),) = query(
        dba, "SELECT token_hash FROM refresh_token WHERE api_user_id = %s", (user.api_user_id,)
    )

    assert pair["refresh_token"].encode() not in stored
    assert stored == sessions._hash(pair["refresh_token"])


@pytest.mark.parametrize("token", INVALID_TOKENS, ids=ascii)
def test_a_token_that_was_never_issued_is_rejected(token, client):
    response = refresh(client, {"refresh_token": token})

    assert response.status_code == 401
    assert response.mimetype == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("body", [{}, {"refresh_token": 1}, {"refresh_token": ""},
                                  {"refresh_token": "x" * 101}],
                         ids=ascii)  # fmt: skip
def test_a_malformed_body_is_rejected_with_a_pointer_to_the_token(body, client):
    response = client.post("/v1/tokens/refresh", data=dumps(body), content_type="application/json")

    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/refresh_token"


def test_an_expired_token_is_rejected(client, pair, time_passes):
    time_passes(14 * 24 * 3600 + 1)

    assert refresh(client, pair).status_code == 401


def test_a_token_is_valid_until_it_expires(client, pair, time_passes):
    time_passes(14 * 24 * 3600 - 60)

    assert is_refreshable(client, pair)


def test_a_reused_token_revokes_its_family(client, pair, time_passes):
    successor = refresh(client, pair).json
    time_passes(sessions.REUSE_GRACE_SECONDS + 1)

    response = refresh(client, pair)

    assert response.status_code == 401
    assert refresh(client, successor).status_code == 401


def test_revoking_a_family_does_not_affect_other_sign_ins_of_the_user(
    client, user, pair, time_passes
):
    other = user.sign_in(client).json
    refresh(client, pair)
    time_passes(sessions.REUSE_GRACE_SECONDS + 1)
    refresh(client, pair)

    assert is_refreshable(client, other)


def test_a_token_reused_within_the_grace_period_is_rejected_without_revoking(client, pair):
    successor = refresh(client, pair).json

    response = refresh(client, pair)

    assert response.status_code == 409
    assert response.json["type"].endswith(":just-used")
    assert int(response.headers["Retry-After"]) == sessions.REUSE_GRACE_SECONDS
    assert is_refreshable(client, successor)


def test_exactly_one_of_several_simultaneous_refreshes_succeeds(app, pair, user, server, migrated):
    with (
        closing(server.connect(migrated, autocommit=False)) as other,
        ThreadPoolExecutor(4) as pool,
    ):
        query(other, "SELECT * FROM refresh_token WHERE api_user_id = %s FOR UPDATE",
              (user.api_user_id,))  # fmt: skip
        futures = [pool.submit(refresh, app.test_client(), pair) for _ in range(4)]
        wait_for_blocked_transactions(other, 4)
        other.rollback()
        responses = [future.result() for future in futures]

    assert sorted(response.status_code for response in responses) == [201, 409, 409, 409]
    successful = next(response for response in responses if response.status_code == 201)
    assert is_refreshable(app.test_client(), successful.json)


def wait_for_blocked_transactions(dba, number):
    """Wait until this number of transactions waits for a row lock."""
    deadline = time.monotonic() + 30
    sql = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    while query(dba, sql) != ((number,),):
        assert time.monotonic() < deadline
        time.sleep(0.15)  # MariaDB updates this table every tenth of a second


def test_a_refresh_token_of_a_deactivated_user_is_rejected(client, user, pair, dba):
    query(dba, "UPDATE api_user SET active = FALSE WHERE api_user_id = %s", (user.api_user_id,))

    assert refresh(client, pair).status_code == 401


def test_signing_out_revokes_the_family(client, pair):
    successor = refresh(client, pair).json

    response = client.post("/v1/tokens/revoke", json={"refresh_token": pair["refresh_token"]})

    assert (response.status_code, response.data) == (204, b"")
    assert refresh(client, successor).status_code == 401


def test_signing_out_does_not_affect_other_sessions(client, user, pair):
    other = user.sign_in(client).json

    client.post("/v1/tokens/revoke", json={"refresh_token": pair["refresh_token"]})

    assert is_refreshable(client, other)


@pytest.mark.parametrize("token", INVALID_TOKENS, ids=ascii)
def test_signing_out_with_an_unknown_token_returns_204(token, client):
    assert client.post("/v1/tokens/revoke", json={"refresh_token": token}).status_code == 204
