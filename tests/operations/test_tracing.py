"""`traceparent` and OpenTelemetry spans."""

import subprocess
import sys
import time

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs

from app import create_app
from app.db import instrumentation
from app.operations import tracing
from tests.support.api import ADDRESS
from tests.support.database import query, settings_for
from tests.support.service import environment, serving

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{PARENT}-01"
LOOKUP = "/?city=London"


def traced(client, traceparent):
    with capture_logs() as lines:
        response = client.get(LOOKUP, headers={"traceparent": traceparent})
    return response.headers.get("traceresponse"), lines[-1].get("trace_id")


@pytest.mark.parametrize("traceparent", [VALID, f"cc-{TRACE}-{PARENT}-01-future-field"])
def test_a_valid_trace_is_in_the_log_line_and_the_response(traceparent, client):
    response, logged = traced(client, traceparent)

    version, trace_id, span_id, flags = response.split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "01")
    assert span_id != PARENT
    assert logged == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "nonsense",
        VALID.upper(),
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE[:-1]}-{PARENT}-01",
    ],
)
def test_an_invalid_header_is_ignored(traceparent, client):
    assert traced(client, traceparent) == (None, None)


@pytest.fixture
def spans(migrated):
    """A client of a traced application, and a function that returns its finished spans."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = create_app(settings_for(migrated))
    tracing.instrument(app, provider)
    yield app.test_client(), exporter.get_finished_spans
    instrumentation.trace_with(instrumentation.no_span)
    app.extensions["database"].close()


def test_a_request_and_its_statements_are_spans_in_the_trace_of_the_caller(spans):
    client, finished = spans

    response, logged = traced(client, VALID)

    statement, request = finished()
    assert (request.kind, request.name) == (SpanKind.SERVER, "GET /")
    assert f"{request.context.trace_id:032x}" == TRACE == logged
    assert f"{request.parent.span_id:016x}" == PARENT
    assert statement.parent.span_id == request.context.span_id
    assert response == f"00-{TRACE}-{request.context.span_id:016x}-01"


def test_the_span_of_a_statement_has_its_text_without_values(spans):
    client, finished = spans

    client.get("/?city=Atlantis")

    statement = finished()[0]
    assert (statement.kind, statement.name) == (SpanKind.CLIENT, "SELECT")
    assert "%s" in statement.attributes["db.query.text"]
    assert "Atlantis" not in str(dict(statement.attributes))


def test_the_span_of_a_failed_statement_has_no_driver_message(spans, dba, as_role):
    client, finished = spans
    ((email,),) = query(dba, "SELECT email FROM student LIMIT 1")
    student = {"first_name": "A", "last_name": "B", "email": email}
    student |= {"campus_id": 1, "address": ADDRESS}

    assert client.post("/v1/students", json=student, headers=as_role("admin")).status_code == 409

    *_, failed = [span for span in finished() if span.name == "INSERT"]
    assert failed.status.status_code == StatusCode.ERROR
    assert failed.attributes["error.type"]
    assert email not in failed.to_json()


def test_health_checks_and_scrapes_have_no_span(spans):
    client, finished = spans

    for path in ("/livez", "/readyz", "/metrics"):
        assert client.get(path).status_code == 200

    assert finished() == ()


def test_workers_export_spans_as_configured_by_the_environment(migrated):
    settings = {"OTEL_TRACES_EXPORTER": "console", "OTEL_BSP_SCHEDULE_DELAY": 50}
    with serving(migrated, WEB_CONCURRENCY=1, **settings) as service:
        service.get(LOOKUP, headers={"traceparent": VALID})
        deadline = time.monotonic() + 10
        while f"0x{TRACE}" not in service.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)

        assert f"0x{TRACE}" in service.log.read_text()


def imported(code, tmp_path, **variables):
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment("mysql://app:secret@127.0.0.1:1/database", **variables),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


def test_opentelemetry_is_not_imported_unless_it_is_enabled(tmp_path):
    code = "import sys, wsgi; print([name for name in sys.modules if 'opentelemetry' in name])"

    assert imported(code, tmp_path)[0] == "[]\n"
    assert imported(code, tmp_path, OTEL_TRACES_EXPORTER="none")[0] == "[]\n"


def test_a_missing_package_is_a_warning_and_the_service_starts(tmp_path):
    code = "import sys; sys.modules['opentelemetry'] = None; import wsgi; print(wsgi.app.name)"

    output, warnings = imported(code, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")

    assert output == "app\n"
    assert "OpenTelemetry is not installed" in warnings


def test_an_unknown_exporter_is_a_warning(tmp_path):
    _, warnings = imported("import wsgi", tmp_path, OTEL_TRACES_EXPORTER="zipkin")

    assert "use otlp or console" in warnings
