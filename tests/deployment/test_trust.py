"""What a client sends changes neither the path nor the scheme that the service sees."""

import pytest

from tests.deployment.servers import NIGHTLY_ON_GRANIAN
from tests.support.raw_http import exchange, head_of
from tests.support.service import serving

HOSTILE = "evil.example"


@pytest.fixture(scope="module", params=NIGHTLY_ON_GRANIAN)
def service(request, migrated):
    if request.param == "gunicorn":
        yield request.getfixturevalue("sample_service")
        return
    with serving(migrated, request.param) as running:
        yield running


@pytest.mark.parametrize(
    "header",
    [
        "SCRIPT_NAME: /x",
        "SCRIPT_NAME: /livez",
        "Script-Name: /x",
        "PATH_INFO: /metrics",
        "X-Forwarded-Prefix: /x",
        "X-Forwarded-Ssl: off",
        "X-Forwarded-Protocol: none",
    ],
)
def test_headers_of_a_proxy_are_ignored(service, header):
    lines = (header, "X-Forwarded-Proto: https")

    assert exchange(service.port, head_of("/livez", *lines)).status == 200


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "//metrics"),
        ("GET", "///metrics"),
        ("GET", "//livez"),
        ("GET", "/livez//"),
        ("GET", "/%2Flivez"),
        ("GET", f"http://{HOSTILE}//metrics"),
        ("POST", "/v1//tokens"),
        ("POST", "//v1/tokens"),
        ("POST", "/v1/tokens/"),
    ],
)
def test_repeated_slashes_are_another_path(service, method, target):
    request = head_of(target, "Content-Length: 0", method=method, host=HOSTILE)
    response = exchange(service.port, request)

    assert response.status == 404
    assert "Location" not in response.headers


def test_a_redirect_names_no_host(service):
    response = exchange(service.port, head_of("/docs", host=HOSTILE))

    assert (response.status, response.headers["Location"]) == (308, "/docs/")
