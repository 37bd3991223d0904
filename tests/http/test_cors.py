"""Web pages of other origins: none, but for those that are named."""

from contextlib import closing

import pytest

from app import create_app
from tests.support.database import settings_for

OURS = "https://app.example.org"
STRANGER = "https://evil.example.net"


@pytest.fixture(scope="module")
def page(migrated):
    """The client in a browser's page of some origin."""
    origins = f"{OURS}, http://localhost:3000"
    application = create_app(settings_for(migrated, cors_origins=origins))
    with closing(application.extensions["database"]):
        yield application.test_client()


def preflight(client, origin, method="PUT"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,if-match",
    }
    return client.options("/v1/students", headers=headers)


def cors_fields(answer):
    return {name for name, _ in answer.headers if name.startswith("Access-Control-")}


@pytest.mark.parametrize("origin", [OURS, STRANGER, "null", "*"])
def test_without_the_setting_no_page_may_call(origin, client):
    assert cors_fields(preflight(client, origin)) == set()
    assert cors_fields(client.get("/livez", headers={"Origin": origin})) == set()


@pytest.mark.parametrize("origin", [OURS, "http://localhost:3000"])
def test_a_page_that_is_named_may_call(origin, page):
    asked = preflight(page, origin)
    answer = page.get("/v1/students", headers={"Origin": origin})

    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == origin
    assert "PUT" in asked.headers["Access-Control-Allow-Methods"]
    allowed = asked.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "if-match"} <= set(allowed.replace(" ", "").split(","))
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer.headers["Vary"]


def test_its_scripts_may_read_the_fields_they_need(page):
    answer = page.get("/livez", headers={"Origin": OURS})

    exposed = set(answer.headers["Access-Control-Expose-Headers"].replace(" ", "").split(","))
    assert {"ETag", "Location", "Link", "Retry-After", "RateLimit", "X-Request-ID"} <= exposed


@pytest.mark.parametrize(
    "origin",
    [STRANGER, "null", "https://app.example.org.evil.net", "https://appXexample.org",
     "http://app.example.org", "https://app.example.org:8443"],
)  # fmt: skip
def test_any_other_page_may_not(origin, page):
    assert "Access-Control-Allow-Origin" not in preflight(page, origin).headers
    assert (
        "Access-Control-Allow-Origin" not in page.get("/livez", headers={"Origin": origin}).headers
    )


def test_no_page_gets_a_browser_s_own_credentials(page):
    assert "Access-Control-Allow-Credentials" not in preflight(page, OURS).headers


@pytest.mark.parametrize(
    "value", ["*", "https://*.example.org", "example.org", "https://a.org/", "https://A.org", " "]
)
def test_what_is_no_origin_is_refused_by_name(value, migrated):
    with pytest.raises(ValueError, match="is not an origin"):
        settings_for(migrated, cors_origins=value)
