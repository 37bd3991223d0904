"""The Flask examples: `before` fails in each of these ways, `after` in none."""

import httpx
import pytest

from tests.examples.running import FAULTS, running, wait_for
from tests.support.service import free_port

NAMES = ("flask_pymysql", "flask_sqlalchemy")
# SQLAlchemy repeats no statement, so keep_alive() pings after 10 idle seconds.
IDLE_SECONDS = {"flask_pymysql": 0, "flask_sqlalchemy": 10.2}
RESPONSE_SECONDS = 4


@pytest.fixture(params=FAULTS)
def fault(request):
    return request.param


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def works(client):
    """Whether a note can be added and is listed then."""
    try:
        added = client.post("/notes", json={"text": "milk"})
        listed = client.get("/notes")
    except httpx.TimeoutException:
        return False
    return (added.status_code, listed.status_code) == (201, 200) and listed.json()[-1] == {
        "note_id": added.json()["note_id"],
        "text": "milk",
    }


def works_after(fault, name, version, server, folder):
    port = free_port()
    command = ["flask", "--app", version, "run", "--port", str(port)]
    with (
        running(server, folder, name, command, fault) as (example, relay),
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=RESPONSE_SECONDS, trust_env=False
        ) as client,
    ):
        wait_for(lambda: responds(client), f"{name}/{version} does not respond", example)
        assert works(client), example.log_text()
        example.cause(fault, relay, IDLE_SECONDS[name] if version == "after" else 0)
        return works(client)


def responds(client):
    try:
        return client.get("/notes").is_success
    except httpx.TransportError:
        return False


def test_before_fails(fault, name, server, tmp_path):
    assert not works_after(fault, name, "before", server, tmp_path)


def test_after_works(fault, name, server, tmp_path):
    assert works_after(fault, name, "after", server, tmp_path)
