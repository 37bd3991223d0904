"""What every answer tells browsers and caches."""

from contextlib import closing

import pytest
from flask import Blueprint

from app import create_app
from tests.support.database import settings_for


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/students?limit=1", 200),
        ("GET", "/livez", 200),
        ("OPTIONS", "/v1/students", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/students", 405),
        ("POST", "/v1/tokens", 401),
    ],
)
def test_every_answer_is_data_and_nothing_else(method, path, status, client, as_role):
    headers = as_role("admin") if path.startswith("/v1/students") else {}

    answer = client.open(path, method=method, headers=headers)

    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; frame-ancestors 'none'"
    )


def test_personal_data_are_kept_by_nobody_but_a_client_that_asks_each_time(client, as_role):
    listed = client.get("/v1/students?limit=1", headers=as_role("admin"))
    refused = client.get("/v1/students?limit=0", headers=as_role("admin"))

    assert listed.headers["Cache-Control"] == "private, no-cache"
    assert refused.headers["Cache-Control"] == "no-store"


@pytest.fixture
def pages(migrated):
    """An application with views that say something else."""
    application = create_app(settings_for(migrated))
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/page")
    def page():
        return "<p>a page</p>"

    @blueprint.after_request
    def loosen(response):
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

    @application.get("/tagged")
    def tagged():
        return "", 200, {"ETag": '"one"'}

    @application.get("/public")
    def public():
        return "", 200, {"Cache-Control": "public, max-age=60"}

    application.register_blueprint(blueprint)
    with closing(application.extensions["database"]):
        yield application.test_client()


def test_an_answer_with_an_etag_may_be_kept_by_its_client_and_asked_about(pages):
    assert pages.get("/tagged").headers["Cache-Control"] == "private, no-cache"


def test_a_view_that_says_how_long_it_may_be_kept_is_believed(pages):
    assert pages.get("/public").headers["Cache-Control"] == "public, max-age=60"


def test_a_blueprint_may_loosen_its_own_policy_and_no_other(pages):
    loose = pages.get("/page").headers["Content-Security-Policy"]
    strict = pages.get("/livez").headers["Content-Security-Policy"]

    assert (loose, "'none'" in strict) == ("default-src 'self'", True)
