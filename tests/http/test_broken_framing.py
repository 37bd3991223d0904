"""Bodies that are not framed as in RFC 9112 are rejected with 400, by the deployed service."""

import re
import socket

import pytest

from tests.deployment.servers import NIGHTLY_ON_GRANIAN
from tests.support.catalog import operations, required_query
from tests.support.service import serving

TIMEOUT_SECONDS = 30
CHUNKED = "Transfer-Encoding: chunked"
# The framing headers and what is sent as the body; the client then closes its sending side.
UNREADABLE = {
    "a chunk size that is not a number": (CHUNKED, b"Z\r\n{}\r\n0\r\n\r\n"),
    "a raw byte as chunk size": (CHUNKED, b"\xff\r\n{}\r\n0\r\n\r\n"),
    "a negative chunk size": (CHUNKED, b"-2\r\n{}\r\n0\r\n\r\n"),
    "a chunk longer than its size": (CHUNKED, b"1\r\n{}\r\n0\r\n\r\n"),
    "no last chunk": (CHUNKED, b"2\r\n{}\r\n"),
    "an incomplete chunk": (CHUNKED, b"5\r\n{}"),
    "a forbidden trailer": (CHUNKED, b"2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n"),
    "a malformed trailer": (CHUNKED, b"2\r\n{}\r\n0\r\n\xff\x00\r\n\r\n"),
    "a short body": ("Content-Length: 20", b"{}"),
    "no body": ("Content-Length: 20", b""),
}
CONFLICTING = {
    "two lengths": ("Content-Length: 2\r\nContent-Length: 3", b"{}"),
    "a length and chunks": (f"Content-Length: 2\r\n{CHUNKED}", b"2\r\n{}\r\n0\r\n\r\n"),
    "a length that is not a number": ("Content-Length: \xb2", b"{}"),
    "a negative length": ("Content-Length: -1", b"{}"),
}
OPERATIONS = operations()
NO_SUCH_KEY = "4294967295"


# granian takes the chunks that arrived before the error for the whole body, and ignores a length
# beside chunks. So it accepts these, whose chunks are complete JSON; a part of an object never is.
ACCEPTED_BY_GRANIAN = {
    *("no last chunk", "an incomplete chunk", "a forbidden trailer", "a malformed trailer"),
    "a length and chunks",
}


@pytest.fixture(scope="module", params=NIGHTLY_ON_GRANIAN)
def service(request, migrated):
    with serving(migrated, request.param, WEB_CONCURRENCY=1) as running:
        yield running


@pytest.fixture
def send(service, tokens):
    """A function that sends one request with this framing; returns the statuses answered."""

    def statuses(endpoint, framing, body):
        patch = endpoint.declared.patch
        path = re.sub("{[^}]*}", NO_SUCH_KEY, endpoint.path)
        query = "&".join(f"{name}={value}" for name, value in required_query(endpoint).items())
        head = [
            f"{endpoint.method.upper()} {path}?{query} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {tokens['admin']}",
            f"Content-Type: application/{'merge-patch+json' if patch else 'json'}",
            'If-Match: "an old ETag"',
            framing,
        ]
        with socket.create_connection(("127.0.0.1", service.port), TIMEOUT_SECONDS) as client:
            client.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(65_536), b""))
        found = re.findall(rb"^HTTP/1\.1 (\d{3})", answer, re.MULTILINE)
        if not found and service.served_by == "granian":
            return [400]  # granian may close the connection instead
        return [int(status) for status in found]

    return statuses


@pytest.fixture
def accepts(service):
    """A function that returns whether the server may accept this framing."""
    return lambda case: service.served_by == "granian" and case in ACCEPTED_BY_GRANIAN


def has_body(endpoint):
    return endpoint.declared.body is not None or endpoint.declared.patch is not None


@pytest.mark.parametrize("case", UNREADABLE)
def test_an_operation_with_a_body_rejects_one_that_is_incomplete_or_malformed(case, send, accepts):
    for endpoint in OPERATIONS:
        if has_body(endpoint):
            statuses = send(endpoint, *UNREADABLE[case])
            assert max(statuses) < 500 if accepts(case) else statuses == [400], endpoint


@pytest.mark.parametrize("case", UNREADABLE)
def test_an_operation_without_a_body_does_not_fail(case, send):
    for endpoint in OPERATIONS:
        if not has_body(endpoint):
            first, *others = send(endpoint, *UNREADABLE[case])
            assert first < 500, endpoint
            assert set(others) <= {400}, endpoint


@pytest.mark.parametrize("case", CONFLICTING)
def test_conflicting_lengths_are_rejected(case, send, accepts):
    for endpoint in OPERATIONS:
        statuses = send(endpoint, *CONFLICTING[case])
        assert max(statuses) < 500 if accepts(case) else statuses == [400], endpoint


def test_the_beginning_of_a_body_that_is_valid_itself_is_not_stored(send, service, tokens):
    create = next(it for it in OPERATIONS if (it.method, it.path) == ("post", "/v1/subjects"))

    assert send(create, "Content-Length: 60", b'{"name": "Seaweed"}') == [400]

    headers = {"Authorization": f"Bearer {tokens['admin']}"}
    assert "Seaweed" not in service.get("/v1/subjects?limit=100", headers=headers).text
