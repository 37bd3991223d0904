"""Request bodies of more than 1 MiB are rejected, with or without a Content-Length."""

import httpx
import pytest

from tests.deployment.servers import nightly_on_granian
from tests.support.service import serving

TEN_MEGABYTES = b'{"refresh_token": "' + b"x" * 10_000_000 + b'"}'
PATH = "/v1/tokens/refresh"  # needs no token


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/notes"),
        ("PUT", "/v1/users/me/password"),
        ("POST", "/v1/tokens/refresh"),
        ("POST", "/v1/tokens/revoke"),
    ],
)
def test_a_large_body_is_rejected(method, path, note_client, token_headers):
    response = note_client.open(
        path,
        method=method,
        data=TEN_MEGABYTES,
        content_type="application/json",
        headers=token_headers("admin"),
    )

    assert response.status_code == 413
    assert response.mimetype == "application/problem+json"


def chunks():
    for start in range(0, len(TEN_MEGABYTES), 65536):
        yield TEN_MEGABYTES[start : start + 65536]


@nightly_on_granian
@pytest.mark.parametrize("framing", ["with a Content-Length", "chunked"])
def test_a_large_body_is_rejected_by_the_deployed_service(framing, served_by, migrated):
    headers = {"Content-Type": "application/json"}
    content = chunks() if framing == "chunked" else TEN_MEGABYTES
    with serving(migrated, served_by) as service:
        try:
            response = service.client.post(PATH, content=content, headers=headers)
            assert response.status_code == 413
        except httpx.TransportError:
            # The service responded and closed the connection before the body was sent.
            assert f'"POST {PATH} HTTP/1.1" 413' in service.log.read_text()

        assert service.get("/livez").status_code == 200


@nightly_on_granian
def test_a_small_chunked_body_is_accepted(served_by, migrated, server):
    user = server.users[0]
    with serving(migrated, served_by) as service:
        client = service.client
        pair = client.post("/v1/tokens", auth=(user.user_name, user.password)).json()

        response = client.post(
            PATH,
            content=iter([b'{"refresh_token": ', f'"{pair["refresh_token"]}"}}'.encode()]),
            headers={"Content-Type": "application/json"},
        )

        assert response.status_code == 201
