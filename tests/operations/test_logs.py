"""What is logged: one JSON object a line, one line a request, and never a secret."""

import json
import logging
import socket
from contextlib import closing

import pytest
from structlog.stdlib import ProcessorFormatter
from structlog.testing import capture_logs

from app import create_app
from app.db.url import DatabaseUrl
from app.operations import logs
from tests.support.api import ADDRESS
from tests.support.counting import statements
from tests.support.database import query, settings_for
from tests.support.service import SECRET, free_port, serving
from tests.support.signing_in import basic


@pytest.fixture(scope="module")
def service(migrated):
    with serving(migrated, WEB_CONCURRENCY=1) as running:
        yield running


def lines_of(service):
    return [json.loads(line) for line in service.log.read_text().splitlines()]


def line_of(service, answer):
    """The line of the request that was answered so."""
    request_id = answer.headers["X-Request-ID"]
    (line,) = [line for line in lines_of(service) if line.get("request_id") == request_id]
    return line


def requests_in(captured):
    return [line for line in captured if line["event"] == "request"]


def test_every_line_is_an_object_that_says_when_how_grave_and_what(service):
    service.get("/?city=London")

    lines = lines_of(service)
    assert any(line["event"].startswith("Booting worker") for line in lines)
    for line in lines:
        assert list(line)[:3] == ["time", "level", "event"]
        assert line["time"].endswith("Z")


def test_a_request_is_one_line_with_its_route_and_its_caller(service, server, tokens):
    headers = {"Authorization": f"Bearer {tokens['admin']}", "X-Request-ID": "mine"}
    answer = service.get("/v1/students/7", headers=headers)

    line = line_of(service, answer)

    assert line["request_id"] == "mine"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "/v1/students/<key:student_id>"
    assert line["api_user_id"] > 0
    assert line["duration_ms"] > line["connection_wait_ms"] > 0


def test_probes_and_scrapes_are_lines_at_debug_only(service, migrated):
    for path in ("/livez", "/readyz", "/metrics"):
        service.get(path)
    assert not {line.get("route") for line in lines_of(service)} & {"/livez", "/readyz", "/metrics"}

    with serving(migrated, WEB_CONCURRENCY=1, LOG_LEVEL="DEBUG") as talkative:
        assert line_of(talkative, talkative.get("/readyz"))["level"] == "debug"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [(b"nonsense", 400), (b"GET /" + b"a" * 9000 + b" HTTP/1.1", 414)],
)
def test_what_gunicorn_refuses_by_itself_is_a_problem_and_a_line(request_line, status, service):
    with closing(socket.create_connection(("127.0.0.1", service.port), timeout=10)) as client:
        client.sendall(request_line + b"\r\n\r\n")
        head, _, body = client.recv(10000).partition(b"\r\n\r\n")

    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status
    warnings = [line["event"] for line in lines_of(service) if line["level"] == "warning"]
    assert any("Invalid request from ip=127.0.0.1" in warning for warning in warnings)


def test_secrets_are_never_logged(migrated, server):
    user = server.users[0]
    password = DatabaseUrl.parse(migrated).password
    with serving(migrated, WEB_CONCURRENCY=1, LOG_LEVEL="DEBUG") as service:
        signed_in = service.client.post("/v1/tokens", headers=basic(user.user_name, user.password))
        token = signed_in.json()["access_token"]
        service.get("/v1/students", headers={"Authorization": f"Bearer {token}"})
        service.client.post("/v1/tokens", headers=basic(user.user_name, "a-wrong-password"))
        log = service.log.read_text()

    assert "/v1/tokens" in log
    for secret in (user.password, "a-wrong-password", token, SECRET, password):
        assert secret not in log


def test_the_console_form_is_for_eyes(migrated):
    with serving(migrated, WEB_CONCURRENCY=1, LOG_FORMAT="console") as service:
        service.get("/?city=London")
        lines = service.log.read_text().splitlines()

    assert not any(line.startswith("{") for line in lines)
    assert any("request" in line and "status=200" in line for line in lines)


@pytest.fixture
def formatted(caplog):
    """The records of the standard library's `logging`, as they are written."""
    description = dict(logs.configuration("INFO", "json")["formatters"]["line"])
    assert description.pop("()") is ProcessorFormatter
    caplog.handler.setFormatter(ProcessorFormatter(**description))
    return lambda: [json.loads(line) for line in caplog.text.splitlines()]


def test_fields_given_to_the_standard_library_become_keys(formatted):
    logging.getLogger("tests").warning("spilled %s", "milk", extra={"liters": 2})

    (line,) = formatted()

    assert (line["event"], line["liters"], line["level"]) == ("spilled milk", 2, "warning")
    assert line["logger"] == "tests"


def test_a_bug_is_one_line_with_its_traceback_and_the_request_s_id(migrated, formatted):
    app = create_app(settings_for(migrated))
    app.add_url_rule("/bug", view_func=lambda: {}["missing"])

    answer = app.test_client().get("/bug")

    (line,) = formatted()
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert "Traceback" in line["exception"]


def test_a_failure_of_the_service_is_a_line_at_error():
    url = f"mysql://app:secret@127.0.0.1:{free_port()}/students"
    client = create_app(settings_for(url)).test_client()

    with capture_logs() as captured:
        client.get("/?city=London")

    (line,) = requests_in(captured)
    assert (line["log_level"], line["status"]) == ("error", 503)


@pytest.mark.parametrize("path", ["/?city=London", "/v1/students?limit=3", "/livez"])
def test_the_statements_in_the_line_are_those_the_server_counts(path, client, as_role, server):
    headers = as_role("admin")
    client.get(path, headers=headers)

    with capture_logs() as captured:
        counted = statements(server, lambda: client.get(path, headers=headers))

    (line,) = requests_in(captured)
    assert line["statements"] == counted


def test_begin_and_commit_are_statements_too(client, as_role, dba, server):
    student = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.edu"}
    student |= {"campus_id": 1, "address": ADDRESS}
    headers = as_role("admin")

    with capture_logs() as captured:
        counted = statements(
            server, lambda: client.post("/v1/students", json=student, headers=headers)
        )

    (line,) = requests_in(captured)
    assert line["status"] == 201
    assert line["statements"] == counted >= 3
    query(dba, "DELETE FROM student WHERE email = 'ada@example.edu'")
