"""Only web pages of the configured origins may call the service."""

from contextlib import closing

import pytest

from tests.http.conftest import UNREACHABLE, create_note_app
from tests.support.database import settings_for

ALLOWED = "https://app.example.org"
OTHER = "https://evil.example.net"


@pytest.fixture(scope="module")
def cors_client():
    """A client of an application with two configured origins."""
    application = create_note_app(cors_origins=f"{ALLOWED}, http://localhost:3000")
    with closing(application.extensions["database"]):
        yield application.test_client()


def preflight(client, origin, method="PUT"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,if-match",
    }
    return client.options("/private-notes", headers=headers)


def cors_headers(response):
    return {name for name, _ in response.headers if name.startswith("Access-Control-")}


@pytest.mark.parametrize("origin", [ALLOWED, OTHER, "null", "*"])
def test_by_default_no_origin_is_allowed(origin, note_client):
    assert cors_headers(preflight(note_client, origin)) == set()
    assert cors_headers(note_client.get("/notes", headers={"Origin": origin})) == set()


@pytest.mark.parametrize("origin", [ALLOWED, "http://localhost:3000"])
def test_a_configured_origin_is_allowed(origin, cors_client):
    allowed = preflight(cors_client, origin)
    response = cors_client.get("/private-notes", headers={"Origin": origin})

    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == origin
    assert "PUT" in allowed.headers["Access-Control-Allow-Methods"]
    headers = allowed.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "if-match"} <= set(headers.replace(" ", "").split(","))
    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in response.headers["Vary"]


def test_scripts_may_read_the_response_headers_they_need(cors_client):
    response = cors_client.get("/notes", headers={"Origin": ALLOWED})

    exposed = set(response.headers["Access-Control-Expose-Headers"].replace(" ", "").split(","))
    assert {"ETag", "Location", "Link", "Retry-After", "RateLimit", "X-Request-ID"} <= exposed


@pytest.mark.parametrize(
    "origin",
    [OTHER, "null", "https://app.example.org.evil.net", "https://appXexample.org",
     "http://app.example.org", "https://app.example.org:8443"],
)  # fmt: skip
def test_any_other_origin_is_not_allowed(origin, cors_client):
    response = cors_client.get("/notes", headers={"Origin": origin})

    assert "Access-Control-Allow-Origin" not in preflight(cors_client, origin).headers
    assert "Access-Control-Allow-Origin" not in response.headers


def test_credentials_are_never_allowed(cors_client):
    response = preflight(cors_client, ALLOWED)

    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    "value", ["*", "https://*.example.org", "example.org", "https://a.org/", "https://A.org", " "]
)
def test_an_invalid_origin_in_the_settings_is_rejected(value):
    with pytest.raises(ValueError, match="origin"):
        settings_for(UNREACHABLE, cors_origins=value)
