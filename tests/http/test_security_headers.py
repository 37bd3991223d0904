"""Default security and caching headers."""

from contextlib import closing

import pytest
from flask import Blueprint

from tests.http.conftest import create_note_app


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/notes", 200),
        ("GET", "/private-notes", 200),
        ("OPTIONS", "/notes", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/notes", 405),
        ("POST", "/v1/tokens", 401),
        ("GET", "/failing-notes", 503),
    ],
)
def test_every_response_has_the_security_headers(method, path, status, note_client, token_headers):
    headers = token_headers("staff") if path == "/private-notes" else {}

    response = note_client.open(path, method=method, headers=headers)

    assert response.status_code == status
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; frame-ancestors 'none'"
    )


def test_a_response_with_an_etag_must_be_revalidated_and_any_other_is_not_cached(
    note_client, token_headers
):
    with_etag = note_client.get("/private-notes", headers=token_headers("staff"))
    without_etag = note_client.get("/notes")

    assert with_etag.headers["Cache-Control"] == "private, no-cache"
    assert without_etag.headers["Cache-Control"] == "no-store"


@pytest.fixture
def page_client():
    """A client of an application whose views and blueprint set headers themselves."""
    application = create_note_app()
    pages = Blueprint("pages", __name__)

    @pages.get("/page")
    def page():
        return "<p>a page</p>"

    @pages.after_request
    def allow_own_files(response):
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

    @application.get("/public")
    def public():
        return "", 200, {"Cache-Control": "public, max-age=60"}

    application.register_blueprint(pages)
    with closing(application.extensions["database"]):
        yield application.test_client()


def test_the_cache_control_of_a_view_is_kept(page_client):
    assert page_client.get("/public").headers["Cache-Control"] == "public, max-age=60"


def test_the_policy_of_a_blueprint_applies_to_its_own_pages_only(page_client):
    own = page_client.get("/page").headers["Content-Security-Policy"]
    other = page_client.get("/notes").headers["Content-Security-Policy"]

    assert own == "default-src 'self'"
    assert other == "default-src 'none'; frame-ancestors 'none'"
