"""Total time limits of one request, shortened by a configuration that includes the project's."""

import json
import time
from contextlib import suppress

import pytest

from tests.deployment.servers import ended
from tests.support.raw_http import connect, head_of, read_response
from tests.support.service import CONFIGURATION, Service
from tests.support.slow_clients import PAGE

SHORT = f"""
exec(open({str(CONFIGURATION)!r}).read())
from app.operations.gunicorn import client_socket
client_socket.WAIT_SECONDS = 0.5
client_socket.MIN_BYTES_PER_SECOND = 10**9

class worker_class(ThreadWorker):
    head_seconds = body_seconds = 0.5
"""
JSON = ("Content-Type: application/json", "Content-Length: 100")


@pytest.fixture(scope="module")
def service(migrated, tmp_path_factory):
    configuration = tmp_path_factory.mktemp("deadlines") / "gunicorn.conf.py"
    configuration.write_text(SHORT)
    service = Service(migrated, WEB_CONCURRENCY=1, THREADS=2)
    service.configuration = configuration
    with ended(service):
        yield service.start()


@pytest.mark.parametrize(
    "start",
    [b"G", b"GET /livez HTTP/1.1\r\n", head_of("/v1/tokens/refresh", *JSON, method="POST") + b"{"],
)
def test_an_incomplete_request_gets_408(service, start):
    with connect(service.port) as client:
        client.sendall(start)
        response = read_response(client)

        assert response.status == 408
        assert response.headers["Content-Type"] == "application/problem+json"
        assert json.loads(response.body)["status"] == 408
        assert client.recv(1) == b""


def test_a_connection_without_a_request_is_closed(service):
    with connect(service.port) as client:
        assert client.recv(1) == b""


def test_a_response_that_is_not_read_is_abandoned(service):
    requests = 6
    with connect(service.port) as client:
        client.sendall(head_of(PAGE))
        size = len(read_response(client).body)
    with connect(service.port, receive_buffer=4096) as client:
        client.sendall(head_of(PAGE) * requests)
        time.sleep(3)  # the service gives no signal that it waits
        received = 0
        with suppress(ConnectionError):
            while data := client.recv(65536):
                received += len(data)

    assert 0 < received < requests * size
