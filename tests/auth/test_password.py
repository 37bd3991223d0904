"""Changing a password, and how passwords are hashed."""

import time
from concurrent.futures import ThreadPoolExecutor
from json import dumps
from threading import Barrier

import pytest
from argon2 import PasswordHasher, extract_parameters

from app.auth import passwords
from app.auth.passwords import MAX_CONCURRENT_HASHES
from app.http.problems import Problem
from tests.support.database import query
from tests.support.users import new_user

NEW = "another password, quite long"


@pytest.fixture
def user(dba):
    return new_user(dba)


@pytest.fixture
def pair(client, user):
    return user.sign_in(client).json


def change(client, pair, current, new=NEW):
    return client.put(
        "/v1/users/me/password",
        data=dumps({"current_password": current, "new_password": new}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {pair['access_token']}"},
    )


def is_refreshable(client, pair):
    body = {"refresh_token": pair["refresh_token"]}
    return client.post("/v1/tokens/refresh", json=body).status_code == 201


def stored_hash(dba, user):
    ((stored,),) = query(
        dba, "SELECT password_hash FROM api_user WHERE api_user_id = %s", (user.api_user_id,)
    )
    return stored


def test_a_changed_password_replaces_the_old_one(client, user, pair):
    assert change(client, pair, user.password).status_code == 200

    assert user.sign_in(client, NEW).status_code == 201
    assert user.sign_in(client).status_code == 401


def test_a_change_revokes_every_session_except_the_returned_one(client, user, pair):
    other = user.sign_in(client).json

    response = change(client, pair, user.password)

    assert not is_refreshable(client, other)
    assert not is_refreshable(client, pair)
    assert is_refreshable(client, response.json)


def test_a_wrong_current_password_changes_nothing(client, user, pair, dba):
    before = stored_hash(dba, user)

    response = change(client, pair, "not the password")

    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/current_password"
    assert stored_hash(dba, user) == before
    assert is_refreshable(client, pair)


@pytest.mark.parametrize("new", ["eleven char", "x" * 257, None, 123456789012])
def test_an_invalid_new_password_is_rejected(new, client, user, pair):
    response = change(client, pair, user.password, new)

    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/new_password"
    assert user.password not in response.text


def test_a_password_may_contain_any_characters(client, user, pair):
    unusual = "\x00 😀 zwölf' OR 1=1 -- " * 10
    assert change(client, pair, user.password, unusual).status_code == 200

    assert user.sign_in(client, unusual).status_code == 201


def test_a_password_matches_in_any_unicode_normalization(client, user, pair):
    change(client, pair, user.password, "zw\u00f6lf und mehr")

    assert user.sign_in(client, "zwo\u0308lf und mehr").status_code == 201


def test_a_change_without_a_token_is_rejected(client, user):
    response = client.put(
        "/v1/users/me/password",
        json={"current_password": user.password, "new_password": NEW},
    )

    assert response.status_code == 401


def test_only_one_of_two_simultaneous_changes_succeeds(app, user, pair):
    barrier = Barrier(2)

    def change_to(new):
        barrier.wait(10)
        return change(app.test_client(), pair, user.password, new).status_code

    with ThreadPoolExecutor(2) as pool:
        new_passwords = ["the first new password", "the second new password"]
        statuses = sorted(pool.map(change_to, new_passwords))

    assert statuses == [200, 422]


def test_a_hash_with_outdated_parameters_is_replaced_at_the_next_sign_in(client, user, dba):
    user.sign_in(client)
    renewed = stored_hash(dba, user)
    user.sign_in(client)

    assert extract_parameters(renewed) == extract_parameters(PasswordHasher().hash("x"))
    assert stored_hash(dba, user) == renewed
    assert user.sign_in(client).status_code == 201


def test_a_user_name_must_match_exactly(client, user):
    variants = [user.name.upper(), user.name + " ", user.name.replace("u", "ü", 1)]

    statuses = [
        client.post("/v1/tokens", auth=(name, user.password)).status_code for name in variants
    ]

    assert statuses == [401, 401, 401]


def test_one_hash_is_computed_at_a_time(monkeypatch):
    running, concurrent = [], []

    class SlowHasher:
        def hash(self, password):
            running.append(password)
            concurrent.append(len(running))
            time.sleep(0.05)
            running.remove(password)
            return "a hash"

    monkeypatch.setattr(passwords, "_hasher", SlowHasher())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(passwords.hash_password, "abcdefgh"))

    assert max(concurrent) == MAX_CONCURRENT_HASHES == 1


def test_waiting_too_long_for_a_hash_slot_returns_503_with_retry_after(monkeypatch):
    monkeypatch.setattr(passwords, "MAX_WAIT_SECONDS", 0.01)
    with passwords._hash_slot(), pytest.raises(Problem) as raised:
        passwords.hash_password("a password of some length")

    assert raised.value.status == 503
    assert ("Retry-After", "1") in raised.value.headers
