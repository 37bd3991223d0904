"""The service behind the documented HAProxy and nginx."""

import pytest

from tests.support.proxies import COMMANDS, proxied
from tests.support.raw_http import exchange, head_of
from tests.support.service import serving
from tests.support.slow_clients import SlowClients, failed, kinds, probe

SLOW_CLIENTS = 60
PROBE_SECONDS = 2


@pytest.fixture(scope="module")
def service(migrated):
    with serving(migrated, TRUSTED_PROXIES=1) as running:
        yield running


@pytest.fixture(scope="module", params=COMMANDS)
def proxy(service, request):
    with proxied(service.port, request.param) as running:
        yield running


@pytest.mark.parametrize("kind", kinds(first=("large bodies", "readers")))
def test_slow_clients_disturb_nobody(proxy, kind):
    with SlowClients(proxy.port, kind, SLOW_CLIENTS, tls=True) as clients:
        results = probe(proxy.port, PROBE_SECONDS, tls=True)

    assert clients.opened >= SLOW_CLIENTS
    assert failed(results) == []


@pytest.mark.parametrize(
    "target",
    [
        "/metrics",
        "//metrics",
        "///metrics",
        "/%6detrics",
        "/metrics/",
        "/metrics?x=/v1/",
        "/v1/../metrics",
        "/v1/%2e%2e/metrics",
        "/docs/..%2fmetrics",
        "/livez/../metrics",
        "/./metrics",
        "/metrics%00",
        "/metrics;/v1/",
        "http://localhost/metrics",
        "/readyz",
        "//v1/students",
        "/v1//students",
    ],
)
def test_other_paths_are_not_reachable(proxy, target):
    response = exchange(proxy.port, head_of(target), tls=True)

    assert response.status in {400, 404}
    assert b"process_" not in response.body
    assert response.headers["X-Request-ID"] is None, "answered by the service"


@pytest.mark.parametrize("target", ["/", "/livez", "/openapi.json", "/docs/", "/v1/cities"])
def test_public_paths_are_reachable(proxy, target):
    response = exchange(proxy.port, head_of(target), tls=True)

    assert response.headers["X-Request-ID"]
    assert response.headers["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize("header", ["SCRIPT_NAME: /x", "Script-Name: /x", "X-Forwarded-Ssl: off"])
def test_headers_of_the_client_are_not_passed_on(proxy, header):
    assert exchange(proxy.port, head_of("/livez", header), tls=True).status == 200


def test_a_client_cannot_choose_its_address(migrated):
    """Each address has a rate limit; an address in X-Forwarded-For must not have its own."""
    with serving(migrated, TRUSTED_PROXIES=1, WEB_CONCURRENCY=1, RATE_LIMIT="2/hour") as service:
        for name in COMMANDS:
            with proxied(service.port, name) as proxy:
                statuses = [
                    exchange(
                        proxy.port,
                        head_of("/v1/cities", f"X-Forwarded-For: 192.0.2.{number}"),
                        tls=True,
                    ).status
                    for number in range(4)
                ]

            assert statuses[-1] == 429, name


def test_plain_http_is_redirected_to_a_fixed_host(proxy):
    response = exchange(proxy.plain_port, head_of("/v1/cities?q=a", host="evil.example"))

    assert response.status == 308
    assert response.headers["Location"] == "https://api.example.org/v1/cities?q=a"
