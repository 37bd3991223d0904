"""Access tokens: who gets one, and which ones are accepted."""

import time
from base64 import urlsafe_b64encode
from types import SimpleNamespace

import jwt
import pytest
from argon2 import PasswordHasher, extract_parameters

from app.auth import passwords
from tests.support.database import query
from tests.support.service import SECRET
from tests.support.signing_in import PROTECTED_PATH, basic
from tests.support.users import CHEAP, new_user

OTHER_SECRET = "the secret key of another service, long enough"


def get_with_token(client, token):
    return client.get(PROTECTED_PATH, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def claims(tokens):
    """The claims of a valid token of the administrator."""
    return jwt.decode(tokens["admin"], options={"verify_signature": False})


def test_a_token_with_valid_claims_and_signature_is_accepted(client, claims):
    assert get_with_token(client, jwt.encode(claims, SECRET, "HS256")).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1},
        {"aud": "another service"},
        {"sub": "not a number"},
        {"exp": None},
        {"aud": None},
        {"sub": None},
        {"role": None},
        {"campus_id": None},
        {"staff_id": None},
    ],
    ids=str,
)
def test_a_token_with_invalid_or_missing_claims_is_rejected(change, client, claims):
    changed = {**claims, **change}
    for name in [name for name, value in change.items() if value is None]:
        del changed[name]

    response = get_with_token(client, jwt.encode(changed, SECRET, "HS256"))

    assert response.status_code == 401
    assert "invalid_token" in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_token_from_a_replica_whose_clock_is_ahead_is_accepted(claim, client, claims):
    def status(seconds):
        changed = {**claims, claim: int(time.time()) + seconds}
        return get_with_token(client, jwt.encode(changed, SECRET, "HS256")).status_code

    assert [status(2), status(20), status(60)] == [200, 200, 401]


def test_the_leeway_does_not_extend_the_lifetime_of_a_token(client, claims):
    expired = {**claims, "exp": int(time.time()) - 1}

    assert get_with_token(client, jwt.encode(expired, SECRET, "HS256")).status_code == 401


def test_a_token_that_was_accepted_is_rejected_after_it_expires(client, claims, monkeypatch):
    token = jwt.encode({**claims, "exp": int(time.time()) + 60}, SECRET, "HS256")
    assert get_with_token(client, token).status_code == 200
    later = time.time() + 61
    monkeypatch.setattr("app.auth.tokens.time", SimpleNamespace(time=lambda: later))

    assert get_with_token(client, token).status_code == 401


def test_the_signature_of_a_token_is_verified_once(client, claims, monkeypatch):
    token = jwt.encode({**claims, "jti": "not in the cache"}, SECRET, "HS256")
    verified = []
    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *a, **k: verified.append(a) or decode(*a, **k))

    assert [get_with_token(client, token).status_code for _ in range(3)] == [200] * 3
    assert len(verified) == 1


def test_a_token_with_another_algorithm_or_key_is_rejected(client, claims):
    unsigned = jwt.encode(claims, None, "none")
    renamed = base64url(b'{"alg":"nOnE","typ":"JWT"}') + unsigned[unsigned.index(".") :]
    invalid = [
        jwt.encode(claims, SECRET + SECRET, "HS512"),
        jwt.encode(claims, SECRET, "HS384"),
        jwt.encode(claims, OTHER_SECRET, "HS256"),
        unsigned,
        renamed,
    ]

    for token in invalid:
        response = get_with_token(client, token)

        assert response.status_code == 401
        assert response.mimetype == "application/problem+json"
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def base64url(text):
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def test_a_token_expires_after_expires_in_seconds(client, server):
    user = server.users[0]
    response = client.post("/v1/tokens", headers=basic(user.user_name, user.password))

    claims = jwt.decode(response.json["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == response.json["expires_in"] == 900
    assert abs(claims["iat"] - time.time()) < 60
    assert response.headers["Cache-Control"] == "no-store"


def test_an_inactive_user_cannot_sign_in(client, dba):
    user = new_user(dba)
    query(dba, "UPDATE api_user SET active = FALSE WHERE api_user_id = %s", (user.api_user_id,))

    assert user.sign_in(client).status_code == 401


def test_the_password_of_the_dummy_hash_signs_nobody_in(client, monkeypatch):
    password = "the password of the dummy hash"
    monkeypatch.setattr(passwords, "_dummy_hash", lambda: CHEAP.hash(password))

    response = client.post("/v1/tokens", headers=basic("unknown user", password))

    assert not passwords.verify(password, None)
    assert response.status_code == 401


def test_rejecting_an_unknown_user_costs_the_same_hash_as_a_known_one(client, server, monkeypatch):
    verified = []

    class Recording(PasswordHasher):
        def verify(self, stored, password):
            verified.append(extract_parameters(stored))
            return super().verify(stored, password)

    monkeypatch.setattr(passwords, "_hasher", Recording())
    for name in (server.users[0].user_name, "unknown user"):
        client.post("/v1/tokens", headers=basic(name, "wrong"))

    known, unknown = verified
    assert unknown == known
