"""Logging: each line is a JSON object, each request is one line, and secrets are never logged."""

import json
import logging
import re
import socket
from contextlib import closing

import pytest
from structlog.stdlib import ProcessorFormatter
from structlog.testing import capture_logs

from app import create_app
from app.db.url import DatabaseUrl
from app.http.context import database
from app.operations import logs
from tests.deployment.servers import NIGHTLY_ON_GRANIAN, booted_workers
from tests.support.counting import statements
from tests.support.database import settings_for
from tests.support.service import PROJECT, SECRET, free_port, serving
from tests.support.signing_in import basic

LOOKUP = "/?city=London"


@pytest.fixture(scope="module", params=NIGHTLY_ON_GRANIAN)
def service(request, migrated):
    with serving(migrated, request.param, WEB_CONCURRENCY=1) as running:
        yield running


@pytest.fixture(scope="module")
def debug_service(migrated):
    with serving(migrated, WEB_CONCURRENCY=1, LOG_LEVEL="DEBUG") as running:
        yield running


@pytest.fixture
def client(migrated):
    """A client of an application with views that send a known number of statements."""
    app = create_app(settings_for(migrated))

    def in_transaction():
        database().run_transaction(lambda tx: tx.execute("SELECT 1"), idempotent=True)
        return "done"

    app.add_url_rule("/none", view_func=lambda: "done", endpoint="none")
    app.add_url_rule("/one", view_func=lambda: str(database().fetch_one("SELECT 1")), endpoint="1")
    app.add_url_rule("/transaction", view_func=in_transaction)
    yield app.test_client()
    app.extensions["database"].close()


def lines_of(service):
    return [json.loads(line) for line in service.log.read_text().splitlines()]


def line_of(service, response):
    """Return the log line of the request with this response."""
    request_id = response.headers["X-Request-ID"]
    (line,) = [line for line in lines_of(service) if line.get("request_id") == request_id]
    return line


def requests_in(captured):
    return [line for line in captured if line["event"] == "request"]


def test_each_line_is_an_object_with_time_level_and_event(service):
    service.get(LOOKUP)

    lines = lines_of(service)
    assert booted_workers(service)
    for line in lines:
        assert list(line)[:3] == ["time", "level", "event"]
        assert line["time"].endswith("Z")


def test_a_request_is_one_line_with_its_route_and_user(service, tokens):
    headers = {"Authorization": f"Bearer {tokens['admin']}", "X-Request-ID": "mine"}
    response = service.get("/v1/countries/1", headers=headers)

    line = line_of(service, response)

    assert line["request_id"] == "mine"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "/v1/countries/<key:country_id>"
    assert line["api_user_id"] > 0
    assert line["duration_ms"] > line["connection_wait_ms"] > 0


def test_the_sample_in_the_documents_is_a_real_line(service, tokens):
    (sample,) = re.findall(r"```json\n(.*?)```", page(), re.DOTALL)
    sample = json.loads(sample)
    headers = {"Authorization": f"Bearer {tokens['admin']}"}

    line = line_of(service, service.get("/v1/countries/1", headers=headers))

    assert {key: type(value) for key, value in sample.items()} == {
        key: type(value) for key, value in line.items()
    }
    assert list(sample) == list(line)
    assert sample["route"] in {rule.rule for rule in routes()}


def page():
    return (PROJECT / "docs/deployment.md").read_text()


def routes():
    app = create_app(settings_for("mysql://app:secret@127.0.0.1:1/database"))
    return app.url_map.iter_rules()


def test_health_checks_and_scrapes_are_logged_at_debug_only(service, debug_service):
    routine = {"/livez", "/readyz", "/metrics"}
    for path in routine:
        assert service.get(path).status_code == 200
        assert line_of(debug_service, debug_service.get(path))["level"] == "debug"

    assert not {line.get("route") for line in lines_of(service)} & routine


@pytest.mark.parametrize(
    ("request_line", "status"),
    [(b"nonsense", 400), (b"GET /" + b"a" * 9000 + b" HTTP/1.1", 414)],
)
def test_a_request_rejected_by_gunicorn_is_a_problem_and_a_warning(
    request_line, status, debug_service
):
    with closing(socket.create_connection(("127.0.0.1", debug_service.port), timeout=10)) as client:
        client.sendall(request_line + b"\r\n\r\n")
        head, _, body = client.recv(10000).partition(b"\r\n\r\n")

    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status
    warnings = [line["event"] for line in lines_of(debug_service) if line["level"] == "warning"]
    assert any("Invalid request from ip=127.0.0.1" in warning for warning in warnings)


def test_secrets_are_never_logged(migrated, server, debug_service):
    user = server.users[0]
    database_password = DatabaseUrl.parse(migrated).password
    client = debug_service.client
    signed_in = client.post("/v1/tokens", headers=basic(user.user_name, user.password))
    token = signed_in.json()["access_token"]
    client.get("/v1/countries", headers={"Authorization": f"Bearer {token}"})
    client.post("/v1/tokens", headers=basic(user.user_name, "a-wrong-password"))

    log = debug_service.log.read_text()

    assert "/v1/tokens" in log
    for secret in (user.password, "a-wrong-password", token, SECRET, database_password):
        assert secret not in log


def test_the_console_format_is_not_json(migrated):
    with serving(migrated, WEB_CONCURRENCY=1, LOG_FORMAT="console") as service:
        service.get(LOOKUP)
        lines = service.log.read_text().splitlines()

    assert not any(line.startswith("{") for line in lines)
    assert any("request" in line and "status=200" in line for line in lines)


@pytest.fixture
def formatted(caplog):
    """Return the records of the standard library's `logging` in their written form."""
    description = dict(logs.configuration("INFO", "json")["formatters"]["line"])
    assert description.pop("()") is ProcessorFormatter
    caplog.handler.setFormatter(ProcessorFormatter(**description))
    return lambda: [json.loads(line) for line in caplog.text.splitlines()]


def test_extra_fields_of_the_standard_library_become_keys(formatted):
    logging.getLogger("tests").warning("spilled %s", "milk", extra={"liters": 2})

    (line,) = formatted()

    assert (line["event"], line["liters"], line["level"]) == ("spilled milk", 2, "warning")
    assert line["logger"] == "tests"


def test_an_unhandled_exception_is_one_line_with_traceback_and_request_id(client, formatted):
    client.application.add_url_rule("/bug", view_func=lambda: {}["missing"])

    response = client.get("/bug")

    (line,) = formatted()
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert "Traceback" in line["exception"]


def test_a_server_error_is_logged_at_error():
    url = f"mysql://app:secret@127.0.0.1:{free_port()}/database"
    client = create_app(settings_for(url)).test_client()

    with capture_logs() as captured:
        client.get(LOOKUP)

    (line,) = requests_in(captured)
    assert (line["log_level"], line["status"]) == ("error", 503)


@pytest.mark.parametrize(("path", "number"), [("/none", 0), ("/one", 1), ("/transaction", 3)])
def test_the_number_of_statements_is_the_server_s(path, number, client, server):
    client.get(path)  # opens a connection

    with capture_logs() as captured:
        counted = statements(server, lambda: client.get(path))

    (line,) = requests_in(captured)
    assert (line["status"], line["statements"], counted) == (200, number, number)
