"""Users of the API, as administrators manage them."""

from base64 import b64encode

import pytest

from tests.support.database import query

PASSWORD = "a new, long and unique password"


@pytest.fixture
def admin(as_role):
    return as_role("admin") | {"If-Match": "*"}


@pytest.fixture
def user(client, admin):
    """A new user without a password; deleted after the test."""
    created = client.post("/v1/users", json={"user_name": "ada", "role": "admin"}, headers=admin)
    assert created.status_code == 201, created.text
    yield created
    client.delete(created.headers["Location"], headers=admin)


@pytest.fixture
def sign_in(client):
    def send(name, password):
        credentials = b64encode(f"{name}:{password}".encode()).decode()
        return client.post("/v1/tokens", headers={"Authorization": f"Basic {credentials}"})

    return send


def test_a_new_user_cannot_sign_in_before_a_password_is_set(user, client, admin, sign_in):
    location = user.headers["Location"]

    assert [sign_in("ada", text).status_code for text in ("", "!", PASSWORD)] == [401] * 3
    changed = client.put(f"{location}/password", json={"new_password": PASSWORD}, headers=admin)
    assert (changed.status_code, changed.data) == (204, b"")
    assert sign_in("ada", PASSWORD).status_code == 201


def test_a_new_password_ends_all_sessions(user, client, admin, sign_in):
    path = f"{user.headers['Location']}/password"
    client.put(path, json={"new_password": PASSWORD}, headers=admin)
    refresh = {"refresh_token": sign_in("ada", PASSWORD).json["refresh_token"]}

    client.put(path, json={"new_password": PASSWORD + "2"}, headers=admin)

    assert client.post("/v1/tokens/refresh", json=refresh).status_code == 401
    assert sign_in("ada", PASSWORD).status_code == 401


def test_a_deactivated_user_is_signed_out_and_cannot_sign_in(user, client, admin, sign_in):
    location = user.headers["Location"]
    client.put(f"{location}/password", json={"new_password": PASSWORD}, headers=admin)
    refresh = {"refresh_token": sign_in("ada", PASSWORD).json["refresh_token"]}

    assert client.patch(location, json={"active": False}, headers=admin).status_code == 200

    assert client.post("/v1/tokens/refresh", json=refresh).status_code == 401
    assert sign_in("ada", PASSWORD).status_code == 401
    client.patch(location, json={"active": True}, headers=admin)
    assert client.post("/v1/tokens/refresh", json=refresh).status_code == 401
    assert sign_in("ada", PASSWORD).status_code == 201


def test_the_list_contains_the_user_without_the_hash(user, client, admin):
    found = client.get("/v1/users?role=admin&active=true&q=da&sort=user_name", headers=admin)

    assert user.json in found.json["items"]
    assert "hash" not in found.text


@pytest.mark.parametrize(
    ("role", "person", "pointers"),
    [
        ("admin", {"staff_id": 1}, ["/staff_id"]),
        ("staff", {}, ["/staff_id"]),
        ("staff", {"staff_id": 1, "student_id": 1}, ["/student_id"]),
        ("student", {"staff_id": 1}, ["/staff_id", "/student_id"]),
        ("owner", {}, ["/role"]),
    ],
)
def test_a_role_without_its_person_is_rejected(role, person, pointers, client, admin):
    body = {"user_name": "grace", "role": role, **person}

    refused = client.post("/v1/users", json=body, headers=admin)

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == pointers


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"user_name": "admin"}, ["duplicate", "/user_name"]),
        ({"role": "student", "student_id": 4_294_967_295}, ["missing-reference", "/student_id"]),
        ({"user_name": "a:b"}, ["invalid", "/user_name"]),
    ],
)
def test_a_change_that_cannot_be_stored_is_rejected_with_a_pointer(
    change, problem, user, client, admin
):
    refused = client.patch(user.headers["Location"], json=change, headers=admin)

    pointers = [error["pointer"] for error in refused.json["errors"]]
    assert [refused.json["type"].rpartition(":")[2], *pointers] == problem


def test_a_user_name_that_exists_is_rejected(user, client, admin):
    body = {"user_name": user.json["user_name"], "role": "admin"}

    refused = client.post("/v1/users", json=body, headers=admin)

    assert refused.status_code == 409
    assert [error["pointer"] for error in refused.json["errors"]] == ["/user_name"]


def test_a_user_changes_into_a_member_of_staff_and_back(user, client, admin, dba):
    ((staff_id,),) = query(
        dba, "SELECT MAX(staff_id) FROM staff WHERE staff_id NOT IN (SELECT COALESCE(staff_id, 0)"
        " FROM api_user)"
    )  # fmt: skip
    location = user.headers["Location"]
    to_staff = {"role": "staff", "staff_id": staff_id}

    assert client.patch(location, json=to_staff, headers=admin).json["staff_id"] == staff_id
    back = client.patch(location, json={"role": "admin", "staff_id": None}, headers=admin)
    assert (back.json["role"], back.json["staff_id"]) == ("admin", None)


@pytest.mark.parametrize("change", [{"active": False}, {"role": "student", "student_id": 1}])
def test_administrators_cannot_take_their_own_access_away(change, client, admin):
    me = client.get("/v1/users/me", headers=admin).json
    path = f"/v1/users/{me['api_user_id']}"

    assert client.patch(path, json=change, headers=admin).status_code == 403
    assert client.delete(path, headers=admin).status_code == 403
    assert client.get("/v1/users/me", headers=admin).json == me


def test_a_deleted_user_is_gone_with_all_sessions_and_stored_responses(client, admin, sign_in):
    created = client.post("/v1/users", json={"user_name": "joan", "role": "admin"}, headers=admin)
    location = created.headers["Location"]
    client.put(f"{location}/password", json={"new_password": PASSWORD}, headers=admin)
    token = sign_in("joan", PASSWORD).json["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "joan-1"}
    other = client.post("/v1/users", json={"user_name": "max", "role": "admin"}, headers=headers)
    assert client.delete(other.headers["Location"], headers=admin).status_code == 204

    assert client.delete(location, headers=admin).status_code == 204

    assert client.get(location, headers=admin).status_code == 404
    assert sign_in("joan", PASSWORD).status_code == 401


def test_a_user_can_be_sent_back_as_it_was_read(user, client, admin):
    location = user.headers["Location"]
    before = client.get(location, headers=admin)

    replaced = client.put(
        location, json=before.json, headers=admin | {"If-Match": before.headers["ETag"]}
    )

    assert replaced.json == before.json
