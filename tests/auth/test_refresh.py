"""Refresh tokens: good once, good for long, and revoked with their family when one is copied."""

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
from tests.support.users import new_user

NOT_VALID = [
    "never given out",
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
    """Move all moments of the user's tokens into the past."""

    def back(seconds):
        query(
            dba,
            "UPDATE refresh_token SET create_date = create_date - INTERVAL %s SECOND, "
            "use_date = use_date - INTERVAL %s SECOND, "
            "expire_date = expire_date - INTERVAL %s SECOND WHERE api_user_id = %s",
            (seconds, seconds, seconds, user.api_user_id),
        )

    return back


def refresh(client, pair):
    return client.post("/v1/tokens/refresh", json={"refresh_token": pair["refresh_token"]})


def works(client, pair):
    return refresh(client, pair).status_code == 201


def test_a_refresh_gives_the_next_pair(client, pair):
    answer = refresh(client, pair)

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["refresh_token"] != pair["refresh_token"]
    assert works(client, answer.json)
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert client.get("/v1/students?limit=1", headers=bearer).status_code == 200


def test_the_next_pair_is_of_the_same_user(client, server):
    for user in server.users:
        signed_in = client.post("/v1/tokens", auth=(user.user_name, user.password)).json
        refreshed = refresh(client, signed_in).json

        before, after = (
            jwt.decode(pair["access_token"], SECRET, ["HS256"], audience=AUDIENCE)
            for pair in (signed_in, refreshed)
        )
        for moment in ("iat", "exp"):
            del before[moment], after[moment]
        assert before == after
        assert (before["staff_id"] is not None) == (user.role == "staff")


def test_a_refresh_sends_five_statements(app, client, pair, server):
    # begin, look, mark as used, insert, commit
    assert statements(server, lambda: refresh(client, pair)) == 5


def test_only_its_hash_is_stored(pair, user, dba):
    ((stored,),) = query(
        dba, "SELECT token_hash FROM refresh_token WHERE api_user_id = %s", (user.api_user_id,)
    )

    assert pair["refresh_token"].encode() not in stored
    assert stored == sessions._hash(pair["refresh_token"])


@pytest.mark.parametrize("token", NOT_VALID, ids=ascii)
def test_a_token_that_was_never_given_out_is_refused(token, client):
    answer = refresh(client, {"refresh_token": token})

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("body", [{}, {"refresh_token": 1}, {"refresh_token": ""},
                                  {"refresh_token": "x" * 101}],
                         ids=ascii)  # fmt: skip
def test_what_can_be_no_token_is_refused_where_it_stands(body, client):
    answer = client.post("/v1/tokens/refresh", data=dumps(body), content_type="application/json")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/refresh_token"


def test_an_expired_token_is_refused(client, pair, time_passes):
    time_passes(14 * 24 * 3600 + 1)

    assert refresh(client, pair).status_code == 401


def test_a_token_is_good_until_it_expires(client, pair, time_passes):
    time_passes(14 * 24 * 3600 - 60)

    assert works(client, pair)


def test_a_token_that_comes_again_revokes_its_family(client, pair, time_passes):
    successor = refresh(client, pair).json
    time_passes(sessions.REUSE_GRACE_SECONDS + 1)

    answer = refresh(client, pair)

    assert answer.status_code == 401
    assert refresh(client, successor).status_code == 401


def test_another_sign_in_of_the_same_user_outlives_the_revoked_family(
    client, user, pair, time_passes
):
    other = user.sign_in(client).json
    refresh(client, pair)
    time_passes(sessions.REUSE_GRACE_SECONDS + 1)
    refresh(client, pair)

    assert works(client, other)


def test_in_the_moment_after_its_use_a_token_gives_nothing_and_revokes_nothing(client, pair):
    successor = refresh(client, pair).json

    answer = refresh(client, pair)

    assert answer.status_code == 409
    assert answer.json["type"].endswith(":just-used")
    assert int(answer.headers["Retry-After"]) == sessions.REUSE_GRACE_SECONDS
    assert works(client, successor)


def test_of_simultaneous_refreshes_exactly_one_wins(app, pair, user, server, migrated):
    with (
        closing(server.connect(migrated, autocommit=False)) as other,
        ThreadPoolExecutor(4) as pool,
    ):
        query(other, "SELECT * FROM refresh_token WHERE api_user_id = %s FOR UPDATE",
              (user.api_user_id,))  # fmt: skip
        running = [pool.submit(refresh, app.test_client(), pair) for _ in range(4)]
        wait_until_waiting(other, 4)
        other.rollback()
        answers = [each.result() for each in running]

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    winner = next(answer for answer in answers if answer.status_code == 201)
    assert works(app.test_client(), winner.json)


def wait_until_waiting(dba, number):
    """Until so many transactions wait for a row that another one holds."""
    deadline = time.monotonic() + 30
    sql = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    while query(dba, sql) != ((number,),):
        assert time.monotonic() < deadline
        time.sleep(0.15)  # MariaDB brings this table up to date every tenth of a second


def test_who_is_deactivated_refreshes_no_more(client, user, pair, dba):
    query(dba, "UPDATE api_user SET active = FALSE WHERE api_user_id = %s", (user.api_user_id,))

    assert refresh(client, pair).status_code == 401


def test_signing_out_revokes_the_family(client, pair):
    successor = refresh(client, pair).json

    answer = client.post("/v1/tokens/revoke", json={"refresh_token": pair["refresh_token"]})

    assert (answer.status_code, answer.data) == (204, b"")
    assert refresh(client, successor).status_code == 401


def test_signing_out_leaves_other_sessions_alone(client, user, pair):
    other = user.sign_in(client).json

    client.post("/v1/tokens/revoke", json={"refresh_token": pair["refresh_token"]})

    assert works(client, other)


@pytest.mark.parametrize("token", NOT_VALID, ids=ascii)
def test_signing_out_with_an_unknown_token_tells_nothing(token, client):
    assert client.post("/v1/tokens/revoke", json={"refresh_token": token}).status_code == 204
