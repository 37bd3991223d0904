"""Slow and lingering clients of gunicorn, without a proxy: other clients are still served."""

import pytest

from tests.support.raw_http import exchange, head_of
from tests.support.service import serving
from tests.support.slow_clients import SlowClients, failed, probe, slowest

SLOW_CLIENTS = 60
PROBE_SECONDS = 3


@pytest.fixture(scope="module")
def service(migrated):
    with serving(migrated, WEB_CONCURRENCY=1, THREADS=4) as running:
        yield running


@pytest.mark.parametrize("kind", ["lingering", "malformed"])
def test_other_clients_are_served(service, kind):
    with SlowClients(service.port, kind, SLOW_CLIENTS):
        results = probe(service.port, PROBE_SECONDS)

    assert failed(results) == []
    assert slowest(results, share=0.5) < 1


def test_a_response_is_complete_although_the_body_was_not_read(service):
    """A close without lingering would reset the connection and destroy the response."""
    body = b"x" * 60_000
    head = head_of("/none", f"Content-Length: {len(body)}", "Connection: close", method="POST")

    statuses = {exchange(service.port, head + body).status for _ in range(20)}

    assert statuses == {404}
