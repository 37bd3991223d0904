"""Changing one's password, and how passwords are kept."""

from concurrent.futures import ThreadPoolExecutor
from json import dumps
from threading import Barrier, Event

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


def refreshes(client, pair):
    body = {"refresh_token": pair["refresh_token"]}
    return client.post("/v1/tokens/refresh", json=body).status_code == 201


def stored_hash(dba, user):
    ((stored,),) = query(
        dba, "SELECT password_hash FROM api_user WHERE api_user_id = %s", (user.api_user_id,)
    )
    return stored


def test_the_new_password_is_the_one_that_works(client, user, pair):
    assert change(client, pair, user.password).status_code == 200

    assert user.sign_in(client, NEW).status_code == 201
    assert user.sign_in(client).status_code == 401


def test_a_change_ends_every_session_but_the_one_it_answers_with(client, user, pair):
    elsewhere = user.sign_in(client).json

    answer = change(client, pair, user.password)

    assert not refreshes(client, elsewhere)
    assert not refreshes(client, pair)
    assert refreshes(client, answer.json)


def test_a_wrong_current_password_changes_nothing(client, user, pair, dba):
    before = stored_hash(dba, user)

    answer = change(client, pair, "not the password")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/current_password"
    assert stored_hash(dba, user) == before
    assert refreshes(client, pair)


@pytest.mark.parametrize("new", ["eleven char", "x" * 257, None, 123456789012])
def test_a_new_password_has_twelve_characters_and_an_end(new, client, user, pair):
    answer = change(client, pair, user.password, new)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/new_password"
    assert user.password not in answer.text


def test_a_password_may_be_any_text(client, user, pair):
    odd = "\x00 😀 zwölf' OR 1=1 -- " * 10
    assert change(client, pair, user.password, odd).status_code == 200

    assert user.sign_in(client, odd).status_code == 201


def test_an_accent_typed_on_another_keyboard_is_the_same(client, user, pair):
    change(client, pair, user.password, "zw\u00f6lf und mehr")

    assert user.sign_in(client, "zwo\u0308lf und mehr").status_code == 201


def test_nobody_changes_a_password_without_signing_in(client, user):
    answer = client.put(
        "/v1/users/me/password",
        json={"current_password": user.password, "new_password": NEW},
    )

    assert answer.status_code == 401


def test_of_two_changes_at_once_one_wins(app, user, pair):
    together = Barrier(2)

    def one(new):
        together.wait(10)
        return change(app.test_client(), pair, user.password, new).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(one, ["the first new password", "the second new password"]))

    assert statuses == [200, 422]


def test_a_hash_of_old_costs_is_renewed_at_the_next_sign_in(client, user, dba):
    user.sign_in(client)
    renewed = stored_hash(dba, user)
    user.sign_in(client)

    assert extract_parameters(renewed) == extract_parameters(PasswordHasher().hash("x"))
    assert stored_hash(dba, user) == renewed
    assert user.sign_in(client).status_code == 201


def test_a_name_is_matched_as_it_was_given(client, user):
    variants = [user.name.upper(), user.name + " ", user.name.replace("u", "ü", 1)]

    statuses = [
        client.post("/v1/tokens", auth=(name, user.password)).status_code for name in variants
    ]

    assert statuses == [401, 401, 401]


def test_only_two_hashes_are_made_at_a_time(monkeypatch):
    running, most, enough = [], [], Event()

    class Hasher:
        def hash(self, password):
            running.append(password)
            most.append(len(running))
            enough.wait(0.05)
            running.remove(password)
            return "a hash"

    monkeypatch.setattr(passwords, "_hasher", Hasher())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(passwords.hash_password, "abcdefgh"))

    assert max(most) == MAX_CONCURRENT_HASHES == 2


def test_who_waits_too_long_for_a_hash_is_asked_to_come_back(monkeypatch):
    monkeypatch.setattr(passwords, "MAX_WAIT_SECONDS", 0.01)
    with passwords._turn(), passwords._turn(), pytest.raises(Problem) as raised:
        passwords.hash_password("a password of some length")

    assert raised.value.status == 503
    assert ("Retry-After", "1") in raised.value.headers
