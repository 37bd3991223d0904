"""The service behind the documented HAProxy and nginx."""

from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.deployment.servers import NIGHTLY_ON_GRANIAN, nightly_on_granian
from tests.support.proxies import COMMANDS, proxied
from tests.support.raw_http import exchange, head_of
from tests.support.service import serving
from tests.support.slow_clients import SlowClients, failed, kinds, probe

SLOW_CLIENTS = 60
FORWARDED = ("X-Forwarded-For", "X_Forwarded_For")
PROBE_SECONDS = 2


@pytest.fixture(scope="module", params=NIGHTLY_ON_GRANIAN)
def service(request, migrated):
    with serving(migrated, request.param, TRUSTED_PROXIES=1) as running:
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


class Echo(BaseHTTPRequestHandler):
    """A server whose response contains the header lines that the proxy has sent."""

    def do_GET(self):
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module", params=COMMANDS)
def proxy_of_echo(request):
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            with proxied(server.server_port, request.param) as running:
                yield running
        finally:
            server.shutdown()
            thread.join()


CLIENT_HEADERS = (
    *("X_Forwarded_For", "X_Forwarded_Proto"),
    *("SCRIPT_NAME", "Script-Name", "PATH_INFO", "Path-Info", "Remote-User", "Forwarded"),
    *("X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix"),
    *("X-Forwarded-Ssl", "X-Forwarded-Protocol", "X-Forwarded-Server"),
)


@pytest.mark.parametrize("name", CLIENT_HEADERS)
def test_headers_of_the_client_are_not_passed_on(proxy_of_echo, name):
    response = exchange(proxy_of_echo.port, head_of("/livez", f"{name}: from-client"), tls=True)

    assert response.status == 200
    assert b"from-client" not in response.body


@pytest.mark.parametrize(
    ("name", "value"), [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https")]
)
def test_the_proxy_replaces_what_the_service_believes(proxy_of_echo, name, value):
    response = exchange(proxy_of_echo.port, head_of("/livez", f"{name}: from-client"), tls=True)

    assert message_from_bytes(response.body).get_all(name) == [value]


@nightly_on_granian
def test_a_client_cannot_choose_its_address(served_by, migrated):
    """Each address has a rate limit; an address in X-Forwarded-For must not have its own."""
    settings = {"TRUSTED_PROXIES": 1, "WEB_CONCURRENCY": 1, "RATE_LIMIT": "2/hour"}
    with serving(migrated, served_by, **settings) as service:
        for name in COMMANDS:
            with proxied(service.port, name) as proxy:
                statuses = [
                    exchange(
                        proxy.port,
                        head_of("/v1/cities", *(f"{it}: 192.0.2.{number}" for it in FORWARDED)),
                        tls=True,
                    ).status
                    for number in range(4)
                ]

            assert statuses[-1] == 429, name


def test_plain_http_is_redirected_to_a_fixed_host(proxy):
    response = exchange(proxy.plain_port, head_of("/v1/cities?q=a", host="evil.example"))

    assert response.status == 308
    assert response.headers["Location"] == "https://api.example.org/v1/cities?q=a"
