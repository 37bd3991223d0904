"""What a client sends changes neither the path nor the scheme that the service sees."""

import pytest

from tests.support.raw_http import exchange, head_of

HOSTILE = "evil.example"


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
def test_headers_of_a_proxy_are_ignored(sample_service, header):
    lines = (header, "X-Forwarded-Proto: https")

    assert exchange(sample_service.port, head_of("/livez", *lines)).status == 200


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
def test_repeated_slashes_are_another_path(sample_service, method, target):
    request = head_of(target, "Content-Length: 0", method=method, host=HOSTILE)
    response = exchange(sample_service.port, request)

    assert response.status == 404
    assert "Location" not in response.headers


def test_a_redirect_names_no_host(sample_service):
    response = exchange(sample_service.port, head_of("/docs", host=HOSTILE))

    assert (response.status, response.headers["Location"]) == (308, "/docs/")
