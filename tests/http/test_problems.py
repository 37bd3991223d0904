"""Every failure is problem+json with a request id, the framework's own included."""

import jwt
import pytest

from app import create_app
from tests.support.database import settings_for
from tests.support.service import free_port
from tests.support.signing_in import basic


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/students/", 404),
        ("GET", "/v1/students/99999999999", 404),
        ("DELETE", "/v1/students", 405),
        ("GET", "/v1/students", 401),
        ("POST", "/v1/tokens", 401),
        ("GET", "/livez?x=1", 400),
    ],
)
def test_it_is_a_problem_with_a_request_id(method, path, status, client, as_role):
    headers = as_role("admin") if status == 404 else {}

    answer = client.open(path, method=method, headers=headers)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_a_method_that_is_not_allowed_says_which_are(client):
    answer = client.delete("/v1/students")

    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {
        "GET", "HEAD", "OPTIONS", "POST",
    }  # fmt: skip


def test_a_client_s_own_request_id_is_kept_and_a_strange_one_replaced(client):
    kept = client.get("/livez", headers={"X-Request-ID": "mine-1"})
    replaced = client.get("/livez", headers={"X-Request-ID": "a b" * 50})

    assert kept.headers["X-Request-ID"] == "mine-1"
    assert replaced.headers["X-Request-ID"] != "a b" * 50


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"[" * 100_000, "application/json", 400),
        (b"null", "application/json", 422),
        (b"<a/>", "application/xml", 415),
        (b"", None, 415),
        (b" " * 2_000_000, "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body, content_type, status, client, as_role):
    answer = client.post(
        "/v1/students", data=body, content_type=content_type, headers=as_role("admin")
    )

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_wrong_credentials_are_challenged(client, server):
    user = server.users[0].user_name
    for name, password in [(user, "wrong"), ("nobody", "wrong"), (user, ""), ("", "")]:
        answer = client.post("/v1/tokens", headers=basic(name, password))

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("kind", ["forged", "none", "expired", "nonsense"])
def test_a_token_that_is_not_ours_is_refused(kind, client, tokens):
    claims = jwt.decode(tokens["admin"], options={"verify_signature": False})
    token = {
        "forged": jwt.encode(claims, "another key that is long enough for HS256", "HS256"),
        "none": jwt.encode(claims, None, "none"),
        "expired": jwt.encode({**claims, "exp": 1}, "x" * 32, "HS256"),
        "nonsense": "nonsense",
    }[kind]

    answer = client.get("/v1/students", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_a_server_that_is_away_is_a_503_that_says_when_to_come_back():
    url = f"mysql://app:secret-word@127.0.0.1:{free_port()}/students"
    client = create_app(settings_for(url)).test_client()

    answer = client.get("/?city=London")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "secret-word" not in answer.text
    assert "Errno" not in answer.text
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503
