"""What differs under granian: its own responses, the headers and the limit on slow bodies."""

import json
from contextlib import ExitStack
from select import select

import pytest

from app.settings.settings import SPARE_THREADS
from tests.deployment.servers import lookups, until
from tests.support.raw_http import connect, exchange, head_of, read_response
from tests.support.service import serving
from tests.support.slow_clients import JSON, PAGE, REFRESH

THREADS = 4 + SPARE_THREADS


@pytest.fixture(scope="module")
def service(migrated):
    settings = {"WEB_CONCURRENCY": 1, "THREADS": 4, "TRUSTED_PROXIES": 1}
    with serving(migrated, "granian", **settings) as running:
        yield running


# Without a body, and without a log line: granian's HTTP library answers, and has no hook for it.
REJECTED = {
    "a malformed request line": (b"B\r\n\r\n", 400),
    "a malformed header": (head_of("/livez", "a b: 1"), 400),
    "a folded header": (head_of("/livez", "X: 1\r\n y"), 400),
    "an unknown version": (b"GET / HTTP/3.1\r\n\r\n", 400),
    "two lengths": (head_of("/livez", "Content-Length: 1", "Content-Length: 2"), 400),
    "a long target": (head_of("/" + "x" * 70_000), 414),
    "too many headers": (head_of("/livez", *(f"X-{number}: 1" for number in range(101))), 431),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_request_that_granian_rejects_gets_an_empty_response(name, service):
    request, status = REJECTED[name]

    response = exchange(service.port, request)

    assert (response.status, response.body) == (status, b"")


def test_every_response_has_one_server_and_one_date_header(service):
    response = exchange(service.port, head_of("/livez"))

    assert response.headers.get_all("Server") == ["granian"]
    assert len(response.headers.get_all("Date")) == 1


def test_a_large_response_is_complete(service):
    response = exchange(service.port, head_of(PAGE))

    assert len(response.body) == int(response.headers["Content-Length"]) > 1_000_000


def test_a_head_request_has_no_body(service):
    response = exchange(service.port, head_of(PAGE, "Connection: close", method="HEAD"))

    assert response.body == b""
    assert int(response.headers["Content-Length"]) > 1_000_000


def test_a_body_that_arrives_in_parts_is_read(service):
    body = b'{"refresh_token": "%s"}' % (b"x" * 100)
    head = head_of(REFRESH, JSON, f"Content-Length: {len(body)}", method="POST")
    with connect(service.port) as client:
        for part in (head, body[:50], body[50:]):
            client.sendall(part)

        assert read_response(client).status in {401, 422}


def test_half_of_the_threads_wait_for_bodies_and_further_ones_get_503(service):
    start = head_of(REFRESH, JSON, "Content-Length: 100", method="POST") + b"{"
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(service.port)) for _ in range(THREADS)]
        for client in clients:
            client.sendall(start)
        until(lambda: len(answered(clients)) == THREADS // 2, "the other half is rejected")
        rejected = [read_response(client) for client in answered(clients)]

        assert lookups(service, 4) == [200] * 4

    for response in rejected:
        assert response.status == 503
        assert response.headers["Retry-After"] == "1"
        assert json.loads(response.body)["type"].endswith("busy")


def test_half_of_the_threads_wait_for_clients_that_do_not_read(service):
    with ExitStack() as stack:
        for _ in range(2 * THREADS):
            client = stack.enter_context(connect(service.port, receive_buffer=4096))
            client.sendall(head_of(PAGE) * 20)  # more than the kernel's send buffer
        until(lambda: "a response was cut off" in service.log.read_text(), "half of them wait")

        assert lookups(service, 4) == [200] * 4


def answered(clients):
    return select(clients, [], [], 0)[0]
