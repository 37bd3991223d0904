"""The files of deploy/cluster and the Compose file of a cluster."""

import json
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
import yaml

from app.service import PROBLEM_TYPE
from dev.cluster.haproxy import HAProxy
from dev.keep import free_port
from tests.support.raw_http import exchange
from tests.support.service import PROJECT

DEPLOY = PROJECT / "deploy" / "cluster"
COMPOSE = PROJECT / "docker-compose.cluster.yml"
COM_QUERY = b"\x03"
RESPONSE = "HTTP/1.1 {} Checked\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
REQUEST = (
    "POST /v1/students HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n"
)


@pytest.mark.parametrize("name", ["haproxy-galera", "haproxy-group-replication"])
def test_the_check_sends_the_statement_of_the_comment(name):
    text = (DEPLOY / f"{name}.cfg").read_text()
    statement = re.search(r"^    #   (SET @.+)$", text, re.MULTILINE)[1]
    packets = [bytes.fromhex(sent) for sent in re.findall(r"send-binary ([0-9a-f]+)", text)]

    assert [packet[5:].decode() for packet in packets if packet[4:5] == COM_QUERY] == [statement]
    assert [int.from_bytes(packet[:3], "little") for packet in packets] == [
        len(packet) - 4 for packet in packets
    ]


def test_compose_matches_the_compose_specification():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, COMPOSE], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_compose_uses_the_files_of_deploy():
    files = {
        config["file"]
        for config in yaml.safe_load(COMPOSE.read_text())["configs"].values()
        if "file" in config
    }

    assert {Path(file).name for file in files} == {
        "galera.cnf",
        "haproxy-galera.cfg",
        "haproxy-service.cfg",
    }
    assert all((PROJECT / file).exists() for file in files)


def test_the_service_waits_for_the_cluster_and_not_every_client_of_its_servers():
    """Health checks must not wait."""
    environment = yaml.safe_load(COMPOSE.read_text())["x-app"]["environment"]

    assert environment["DB_READ_CONSISTENCY"] == "causal"
    assert not [line for line in options("galera") if line.startswith("wsrep_sync_wait")]
    assert "loose_group_replication_consistency=BEFORE_ON_PRIMARY_FAILOVER" in options(
        "group-replication"
    )


def options(name):
    """Return the lines of an option file, without comments and spaces."""
    lines = (DEPLOY / f"{name}.cnf").read_text().replace(" ", "").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_servers_of_the_proxies_are_services_of_compose():
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    for name in ("haproxy-galera", "haproxy-service"):
        text = (DEPLOY / f"{name}.cfg").read_text()

        assert set(re.findall(r"^    server (\w+) \1:\d+", text, re.MULTILINE)) <= set(services)


def test_without_a_replica_the_proxy_responds_with_a_problem():
    with proxied(free_port(), free_port()) as port:
        response = exchange(port, f"{REQUEST}\r\n{{}}".encode())

    assert response.status == 503
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.body)["type"] == f"{PROBLEM_TYPE}unavailable"


def test_a_write_without_a_key_is_sent_once():
    with Silent() as first, Silent() as second, proxied(first.port, second.port) as port:
        response = exchange(port, f"{REQUEST}\r\n{{}}".encode())

    assert first.requests + second.requests == 1
    assert response.status == 502
    assert response.headers["Retry-After"] == "1"
    assert json.loads(response.body)["type"] == f"{PROBLEM_TYPE}outcome-unknown"


@pytest.mark.parametrize(
    "request_head",
    [
        f"{REQUEST}Idempotency-Key: 1\r\n",
        REQUEST.replace("POST", "GET"),
    ],
    ids=["write with a key", "read"],
)
def test_what_may_be_repeated_is_sent_to_the_other_replica(request_head):
    with Silent() as first, Silent() as second, proxied(first.port, second.port) as port:
        exchange(port, f"{request_head}\r\n{{}}".encode())

    assert first.requests
    assert second.requests


def test_replicas_that_are_not_ready_receive_requests_if_none_is_ready():
    """They wait for the database; a proxy that responded at once would fail the request."""
    with (
        Silent(health={"/livez"}) as first,
        Silent(health={"/livez"}) as second,
        proxied(first.port, second.port, wait_for={"ready": "DOWN"}) as port,
    ):
        exchange(port, f"{REQUEST}\r\n{{}}".encode())

    assert first.requests + second.requests == 1


def test_a_replica_that_is_not_ready_receives_no_requests_if_the_other_is_ready():
    with (
        Silent(health={"/livez"}) as first,
        Silent() as second,
        proxied(first.port, second.port, wait_for={"ready": "UP"}) as port,
    ):
        for _ in range(4):
            exchange(port, f"{REQUEST}\r\n{{}}".encode())

    assert (first.requests, second.requests) == (0, 4)


class Silent:
    """A replica that ends before it responds: it reads one request and closes the connection.

    Its responses to health checks on the paths in `health` are 200, to others 503.
    """

    def __init__(self, health=("/livez", "/readyz")):
        self._health = health
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.requests = 0
        self._thread = Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                head = client.recv(65536)
                path = head.split(b" ")[1].decode() if head else ""
                if path in {"/livez", "/readyz"}:
                    status = 200 if path in self._health else 503
                    client.sendall(RESPONSE.format(status).encode())
                elif head:
                    self.requests += 1


@contextmanager
def proxied(first, second, wait_for=None):
    """Run the proxy of the service in front of two ports; yields its port.

    `wait_for` names backends whose app1 must be DOWN, and the state of their app2.
    """
    port = free_port()
    addresses = {
        "app1:8000": f"127.0.0.1:{first}",
        "app2:8000": f"127.0.0.1:{second}",
        ":8000": f"127.0.0.1:{port}",
    }
    with TemporaryDirectory(prefix="haproxy-") as folder:
        proxy = HAProxy("haproxy-service", addresses, Path(folder))
        proxy.start()
        try:
            for backend, state in (wait_for or {}).items():
                wait_until_checked(proxy, backend, state)
            yield port
        finally:
            proxy.stop()


def wait_until_checked(proxy, backend, state):
    """Wait until app1 is DOWN and app2 has this state."""
    deadline = time.monotonic() + 30
    while proxy.states(backend) != {"app1": "DOWN", "app2": state}:
        assert time.monotonic() < deadline, proxy.states(backend)
        time.sleep(0.05)
