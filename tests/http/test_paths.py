"""Every path has one spelling, and no response repeats the client's Host."""

import re

import pytest
from werkzeug.test import run_wsgi_app

from app import create_app
from tests.http.conftest import UNREACHABLE
from tests.support.database import settings_for

HOST = "evil.example"
PAGES = ("/docs/", "/status/")
SPELLINGS = {
    "doubled first slash": lambda path: "/" + path,
    "doubled last slash": lambda path: "//".join(path.rsplit("/", 1)),
    "added slash": lambda path: path + "/",
    "two added slashes": lambda path: path + "//",
}


@pytest.fixture(scope="module")
def service():
    return create_app(settings_for(UNREACHABLE))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_spelling_of_a_path_is_not_found(service, spelling):
    paths = {
        re.sub("<[^>]+>", "1", rule.rule)
        for rule in service.url_map.iter_rules()
        if not rule.rule.startswith(
            ("/docs", "/status")
        )  # static files: any path below has a route
    } - {"/"}

    found = {path: call(service, SPELLINGS[spelling](path))[0] for path in paths}

    assert found == dict.fromkeys(paths, 404)


@pytest.mark.parametrize(
    "path", ["/docs", "//docs", "/docs//", "/status", "/v1//students", "/v1/students/"]
)
def test_no_redirect_contains_the_host(service, path):
    _, headers = call(service, path)

    assert HOST not in str(headers)


def call(app, path):
    """Return status and headers; unlike a test client, passes on the path unchanged."""
    environ = app.test_request_context("/").request.environ
    _, status, headers = run_wsgi_app(app, {**environ, "PATH_INFO": path, "HTTP_HOST": HOST})
    return int(status.split()[0]), headers
