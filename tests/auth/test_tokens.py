"""Who gets a token, and which tokens, cursors and callers are believed."""

import time
from base64 import urlsafe_b64encode
from types import SimpleNamespace

import jwt
import pytest
from itsdangerous import URLSafeSerializer

from app.auth import passwords
from tests.support.database import query
from tests.support.service import SECRET
from tests.support.signing_in import basic

OTHER_SECRET = "a secret that belongs to another service altogether"


def ask(client, token):
    return client.get("/v1/students?limit=1", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def claims(tokens):
    """What a good token of the administrator says."""
    return jwt.decode(tokens["admin"], options={"verify_signature": False})


def test_the_claims_of_a_good_token_signed_again_are_good(client, claims):
    assert ask(client, jwt.encode(claims, SECRET, "HS256")).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1},
        {"aud": "another service"},
        {"sub": "nobody"},
        {"exp": None},
        {"aud": None},
        {"sub": None},
        {"role": None},
        {"campus_id": None},
        {"staff_id": None},
    ],
    ids=str,
)
def test_a_token_of_ours_that_is_over_or_meant_for_others_is_refused(change, client, claims):
    changed = {**claims, **change}
    for name in [name for name, value in change.items() if value is None]:
        del changed[name]

    answer = ask(client, jwt.encode(changed, SECRET, "HS256"))

    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_a_token_that_was_good_is_refused_once_it_is_over(client, claims, monkeypatch):
    token = jwt.encode({**claims, "exp": int(time.time()) + 60}, SECRET, "HS256")
    assert ask(client, token).status_code == 200
    later = time.time() + 61
    monkeypatch.setattr("app.auth.tokens.time", SimpleNamespace(time=lambda: later))

    assert ask(client, token).status_code == 401


def test_the_signature_of_a_token_is_verified_once(client, claims, monkeypatch):
    token = jwt.encode({**claims, "jti": "another one"}, SECRET, "HS256")
    verified = []
    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *a, **k: verified.append(a) or decode(*a, **k))

    assert [ask(client, token).status_code for _ in range(3)] == [200] * 3
    assert len(verified) == 1


def test_a_token_signed_in_another_way_is_refused(client, claims):
    unsigned = jwt.encode(claims, None, "none")
    renamed = b64(b'{"alg":"nOnE","typ":"JWT"}') + unsigned[unsigned.index(".") :]
    others = [
        jwt.encode(claims, SECRET + SECRET, "HS512"),
        jwt.encode(claims, SECRET, "HS384"),
        jwt.encode(claims, OTHER_SECRET, "HS256"),
        unsigned,
        renamed,
    ]

    for token in others:
        answer = ask(client, token)

        assert answer.status_code == 401
        assert answer.mimetype == "application/problem+json"
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def b64(text):
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def test_a_token_lives_as_long_as_it_says(client, server):
    user = server.users[0]
    answer = client.post("/v1/tokens", headers=basic(user.user_name, user.password))

    claims = jwt.decode(answer.json["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == answer.json["expires_in"] == 900
    assert abs(claims["iat"] - time.time()) < 60
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_user_who_is_not_active_gets_no_token(client, server, dba):
    user = server.users[0]
    query(dba, "UPDATE api_user SET active = FALSE WHERE user_name = %s", (user.user_name,))
    try:
        answer = client.post("/v1/tokens", headers=basic(user.user_name, user.password))
    finally:
        query(dba, "UPDATE api_user SET active = TRUE WHERE user_name = %s", (user.user_name,))

    assert answer.status_code == 401


def test_nobody_has_the_password_of_an_unknown_user(client):
    assert not passwords.verify("nobody has this password", None)
    answer = client.post("/v1/tokens", headers=basic("nobody", "nobody has this password"))
    assert answer.status_code == 401


def test_an_unknown_user_is_refused_no_sooner_than_a_known_one(client, server):
    def seconds(name):
        started = time.perf_counter()
        client.post("/v1/tokens", headers=basic(name, "wrong"))
        return time.perf_counter() - started

    seconds("nobody")  # the first one makes a hash
    known = min(seconds(server.users[0].user_name) for _ in range(3))
    unknown = min(seconds("nobody") for _ in range(3))

    assert unknown > known / 2


@pytest.mark.parametrize(
    ("secret", "path", "status"),
    [
        (SECRET, "/v1/students", 200),
        (OTHER_SECRET, "/v1/students", 400),
        (SECRET, "/v1/other", 400),
    ],
)
def test_a_cursor_is_believed_if_it_is_signed_and_of_this_list(
    secret, path, status, client, as_role
):
    cursor = URLSafeSerializer(secret, salt="page cursor").dumps([[path, [], []], [1]])

    answer = client.get(f"/v1/students?cursor={cursor}", headers=as_role("admin"))

    assert answer.status_code == status


def test_the_last_page_has_no_next_even_if_it_is_full(client, as_role, me):
    page = client.get("/v1/students?limit=1", headers=as_role("student")).json

    assert len(page["items"]) == 1
    assert "next" not in page


def test_a_student_of_another_campus_is_not_there_for_staff(client, as_role, me, dba):
    ((other,),) = query(
        dba, "SELECT MIN(student_id) FROM student WHERE campus_id <> %s", (me["campus_id"],)
    )

    student = client.get(f"/v1/students/{other}", headers=as_role("staff"))
    attempts = client.post(
        f"/v1/students/{other}/at-data", json={"chapterId": 1}, headers=as_role("staff")
    )
    listed = client.get(
        "/v1/students?campus_id=%s" % (me["campus_id"] % 5 + 1), headers=as_role("staff")
    )

    assert (student.status_code, attempts.status_code) == (404, 404)
    assert listed.json["items"] == []


def test_attempts_come_oldest_first_whatever_their_keys(client, as_role, dba):
    student_id, chapter_id = query(
        dba,
        """
        SELECT enrollment.student_id, assessment.chapter_id
        FROM attempt JOIN enrollment USING (enrollment_id) JOIN assessment USING (assessment_id)
        GROUP BY enrollment.student_id, assessment.chapter_id
        ORDER BY COUNT(*) DESC LIMIT 1
        """,
    )[0]
    ask_for = {
        "path": f"/v1/students/{student_id}/at-data",
        "json": {"chapterId": chapter_id},
        "headers": as_role("admin"),
    }
    newest = client.post(**ask_for).json["result"][-1]["attemptId"]
    ((before,),) = query(dba, "SELECT attempt_date FROM attempt WHERE attempt_id = %s", (newest,))
    query(
        dba,
        "UPDATE attempt SET attempt_date = '2001-01-01' WHERE attempt_id = %s",
        (newest,),
    )
    try:
        dates = [row["attemptDate"] for row in client.post(**ask_for).json["result"]]
    finally:
        query(dba, "UPDATE attempt SET attempt_date = %s WHERE attempt_id = %s", (before, newest))

    assert len(dates) > 1
    assert dates == sorted(dates)


def test_a_form_is_no_body_where_only_json_is_taken(client, as_role):
    answer = client.post("/v1/students", data={"first_name": "Zoë"}, headers=as_role("admin"))

    assert answer.status_code == 415
