"""A small part of `make attack`, and the tools that it consists of."""

import socket
import threading
import time
from itertools import islice
from random import Random

import httpx
import pytest

from tests.attack import limits
from tests.attack.exchange import exchange
from tests.attack.flood import Tally, flood, messages
from tests.attack.memory import PeakMemory, measuring_memory
from tests.attack.message import Message, request
from tests.attack.probes import Probes, probing
from tests.attack.report import excesses, summary
from tests.attack.requests import ATTACKS
from tests.attack.slow_clients import BEHAVIORS, slow_clients
from tests.attack.target import private_target, target_on

REQUESTS = 150
SLOW_SECONDS = 2


@pytest.fixture(scope="module")
def target():
    """A service and a server of its own, which the attack may change."""
    with private_target() as running:
        yield running


@pytest.fixture(scope="module")
def attacked(target):
    """The responses, the probes and the memory of a short attack."""
    tally = Tally()
    with measuring_memory(target.master) as memory, probing(target.port) as probes:
        flood(target, requests=REQUESTS, seed=1, seconds=60, tally=tally)
    print(*summary(tally, {"flood": probes}, memory), sep="\n")
    return tally, probes, memory


def test_hostile_requests_cause_no_internal_error(attacked):
    tally, _, _ = attacked

    assert sum(tally.sent.values()) == REQUESTS
    assert tally.sent.keys() == ATTACKS.keys()
    assert dict(tally.failures) == {}


def test_other_clients_are_served_during_an_attack(attacked):
    _, probes, _ = attacked

    assert probes.failed == 0
    assert probes.durations_ms


def test_the_memory_of_a_worker_is_bounded_during_an_attack(attacked):
    _, _, memory = attacked

    assert memory.ended_workers == 0
    assert memory.peak <= limits.WORKER_MEMORY_MB


def test_other_clients_are_served_while_slow_clients_are_connected(target):
    with (
        slow_clients(target.port, list(BEHAVIORS), limits.SLOW_CLIENTS),
        probing(target.port) as probes,
    ):
        time.sleep(SLOW_SECONDS)

    assert probes.failed == 0
    assert probes.durations_ms


def test_the_same_seed_yields_the_same_messages(target):
    first, second, other = (list(islice(messages(target, seed), 100)) for seed in (1, 1, 2))

    assert first == second
    assert first != other


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_never_runs_out_of_messages(name, target):
    found = islice(ATTACKS[name].messages(target, Random(1)), 500)  # up to 1 MB each

    assert sum(1 for message in found if message.data) == 500


def test_the_documented_proxy_can_be_attacked(server, migrated):
    with target_on(server, migrated, proxy=True) as proxied:
        response = httpx.get(f"http://127.0.0.1:{proxied.port}/livez", trust_env=False)

    assert response.status_code == 200


def test_all_statuses_of_a_connection_are_returned(target):
    twice = b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n" + request("GET", "/v1/unknown")

    assert exchange(target.port, Message(twice)) == ["200", "404"]


def test_a_connection_closed_without_a_response_is_reported(silent_server):
    assert exchange(silent_server, Message(b"GET")) == ["closed without a response"]


@pytest.fixture
def silent_server():
    """The port of a server that reads its first request and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_everything_above_a_limit_is_reported():
    tally, memory = Tally(), PeakMemory(master=1)
    tally.add("heads", Message(b"GET /\r\n\r\n"), ["200", "500"], 0.1)
    memory.megabytes, memory.ended_workers = {"1": 151.0}, 1
    phases = {"flood": Probes([1001.0], failed=1), "slow heads": Probes([101.0])}

    assert excesses(tally, phases, memory, proxied=True) == [
        "1 responses with status 500",
        "flood: 1 probes failed",
        "flood: p99 of /livez 1001 ms > 1000 ms",
        "slow heads: p99 of /livez 101 ms > 100 ms",
        "1 workers ended",
        "a worker used 151 MB > 150 MB",
    ]
    assert "status 500, heads: b'GET /\\r\\n\\r\\n'" in summary(tally, phases, memory)


def test_nothing_is_reported_within_the_limits():
    memory = PeakMemory(master=1)
    memory.megabytes = {"1": 150.0}

    assert excesses(Tally(), {"flood": Probes([999.0])}, memory, proxied=False) == []
