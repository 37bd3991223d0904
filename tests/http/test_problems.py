"""Every error response is problem+json with a request id, including the framework's own."""

import jwt
import pytest

from tests.support.service import SECRET
from tests.support.signing_in import basic


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/notes/", 404),
        ("DELETE", "/notes", 405),
        ("GET", "/private-notes", 401),
        ("GET", "/notes?x=1", 400),
        ("POST", "/notes", 415),
        ("GET", "/database-notes", 503),
    ],
)
def test_an_error_response_is_a_problem_with_a_request_id(method, path, status, note_client):
    response = note_client.open(path, method=method)

    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == status
    assert response.json["instance"] == path.partition("?")[0]
    assert response.json["request_id"] == response.headers["X-Request-ID"]


def test_a_missing_role_is_a_problem(note_client, token_headers):
    response = note_client.get("/private-notes", headers=token_headers("student"))

    assert response.status_code == 403
    assert response.json["detail"] == "This operation requires the role admin or staff."


def test_a_405_lists_the_allowed_methods(note_client):
    response = note_client.delete("/notes")

    assert set(response.headers["Allow"].replace(" ", "").split(",")) == {
        "GET", "HEAD", "OPTIONS", "POST",
    }  # fmt: skip


def test_a_valid_request_id_of_the_client_is_kept_and_an_invalid_one_replaced(note_client):
    kept = note_client.get("/notes", headers={"X-Request-ID": "mine-1"})
    replaced = note_client.get("/notes", headers={"X-Request-ID": "a b"})

    assert kept.headers["X-Request-ID"] == "mine-1"
    assert replaced.headers["X-Request-ID"] not in {"", "a b"}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"text": "Low tide"}', "application/json", 201),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"<a/>", "application/xml", 415),
        (b"", None, 415),
        (b" " * 2_000_000, "application/json", 413),
    ],
    ids=lambda it: str(it)[:25],
)
def test_a_body_is_accepted_only_if_it_is_valid_json(body, content_type, status, note_client):
    response = note_client.post("/notes", data=body, content_type=content_type)

    assert response.status_code == status
    assert response.mimetype == (
        "application/json" if status == 201 else "application/problem+json"
    )


def test_wrong_credentials_are_answered_with_a_basic_challenge(client, server):
    user = server.users[0].user_name
    for name, password in [(user, "wrong"), ("nobody", "wrong"), (user, ""), ("", "")]:
        response = client.post("/v1/tokens", headers=basic(name, password))

        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("kind", ["valid", "forged", "unsigned", "expired", "malformed"])
def test_only_a_valid_token_is_accepted(kind, note_client, token_headers):
    valid = token_headers("staff")["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(valid, options={"verify_signature": False})
    token = {
        "valid": jwt.encode(claims, SECRET, "HS256"),
        "forged": jwt.encode(claims, "another key that is long enough for HS256", "HS256"),
        "unsigned": jwt.encode(claims, None, "none"),
        "expired": jwt.encode({**claims, "exp": 1}, SECRET, "HS256"),
        "malformed": "malformed",
    }[kind]

    response = note_client.get("/private-notes", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == (200 if kind == "valid" else 401)
    assert ("invalid_token" in response.headers.get("WWW-Authenticate", "")) == (kind != "valid")


def test_an_unreachable_database_is_a_503_with_retry_after(note_client):
    response = note_client.get("/database-notes")

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert "nothing was stored" in response.json["detail"]
    assert "secret-word" not in response.text
    assert "Errno" not in response.text
    assert note_client.get("/livez").status_code == 200
    assert note_client.get("/readyz").status_code == 503
