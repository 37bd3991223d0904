"""A body of more than a megabyte is refused, however it is sent and to whom."""

import httpx
import pytest

from tests.support.service import serving
from tests.support.signing_in import basic

TEN_MEGABYTES = b'{"first_name": "' + b"x" * 10_000_000 + b'"}'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/students"),
        ("PUT", "/v1/users/me/password"),
        ("POST", "/v1/tokens/refresh"),
        ("POST", "/v1/tokens/revoke"),
    ],
)
def test_ten_megabytes_are_too_much(method, path, client, as_role):
    answer = client.open(
        path,
        method=method,
        data=TEN_MEGABYTES,
        content_type="application/json",
        headers=as_role("admin"),
    )

    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


def chunks():
    for start in range(0, len(TEN_MEGABYTES), 65536):
        yield TEN_MEGABYTES[start : start + 65536]


@pytest.mark.parametrize("body", ["with a length", "in chunks"])
def test_the_deployed_service_reads_no_more_than_it_must(body, migrated, server):
    admin = next(user for user in server.users if user.role == "admin")
    with serving(migrated) as service:
        signed_in = service.client.post(
            "/v1/tokens", headers=basic(admin.user_name, admin.password)
        )
        headers = {
            "Authorization": f"Bearer {signed_in.json()['access_token']}",
            "Content-Type": "application/json",
        }
        content = TEN_MEGABYTES if body == "with a length" else chunks()
        try:
            answer = service.client.post("/v1/students", content=content, headers=headers)
            assert answer.status_code == 413
        except httpx.TransportError:
            # It answered and hung up while the body was still on its way.
            assert '"POST /v1/students HTTP/1.1" 413' in service.log.read_text()

        assert service.get("/livez").status_code == 200


def test_a_small_body_in_chunks_is_read(migrated, server):
    user = server.users[0]
    with serving(migrated) as service:
        client = service.client
        pair = client.post("/v1/tokens", auth=(user.user_name, user.password)).json()

        answer = client.post(
            "/v1/tokens/refresh",
            content=iter([b'{"refresh_token": ', f'"{pair["refresh_token"]}"}}'.encode()]),
            headers={"Content-Type": "application/json"},
        )

        assert answer.status_code == 201
