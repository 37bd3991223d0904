"""Slow and lingering clients, without a proxy: other clients are still served."""

import socket

import pytest

from tests.deployment.servers import NIGHTLY_ON_GRANIAN
from tests.support.raw_http import head_of, read_response
from tests.support.service import serving
from tests.support.slow_clients import SlowClients, failed, kinds, probe

SLOW_CLIENTS = 60
PROBE_SECONDS = 2
# If closing a connection blocked the main thread, a probe would wait up to two seconds for each
# lingering client.
LINGERING_SECONDS = 6
ENOUGH_PROBES = 5


@pytest.fixture(scope="module", params=NIGHTLY_ON_GRANIAN)
def service(request, migrated):
    with serving(migrated, request.param, WEB_CONCURRENCY=1, THREADS=4) as running:
        yield running


@pytest.mark.parametrize("kind", kinds())
def test_other_clients_are_served(service, kind):
    with SlowClients(service.port, kind, SLOW_CLIENTS):
        results = probe(service.port, PROBE_SECONDS)

    assert failed(results) == []


def test_a_client_that_does_not_close_delays_nobody(service):
    with SlowClients(service.port, "lingering", SLOW_CLIENTS):
        results = probe(service.port, LINGERING_SECONDS)

    assert failed(results) == []
    assert len(results) > ENOUGH_PROBES


def test_a_client_that_still_sends_is_not_reset(service):
    """Otherwise the client might see an error instead of the response."""
    head = head_of("/v1/tokens", "Content-Length: 3000000", "Connection: close", method="POST")
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as client:
        client.sendall(head)

        assert read_response(client).status in {401, 413}
        client.sendall(b"x" * 1000)
        assert client.recv(1) == b""
        client.sendall(b"x" * 1000)
