"""Optional OpenTelemetry spans for requests and statements.

Enabled if the environment selects an exporter by OTEL_EXPORTER_OTLP_ENDPOINT or
OTEL_TRACES_EXPORTER=otlp|console; requires the extra `opentelemetry`. All other OTEL_* variables
have their standard meaning. Otherwise OpenTelemetry is not imported.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask, g

from app.db import instrumentation
from app.operations.requests import ROUTINE
from app.operations.trace_context import TraceContext
from app.service import NAME

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

log = logging.getLogger(__name__)

EXPORTER = "OTEL_TRACES_EXPORTER"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
EXPORTERS = ("otlp", "console")


def start(app: Flask, environment: Mapping[str, str]) -> None:
    """Trace the application if the environment enables it; log a warning if that is impossible."""
    exporter = _exporter_name(environment)
    if exporter is None:
        return
    if exporter not in EXPORTERS:
        log.warning("%s=%r: use %s, or none", EXPORTER, exporter, " or ".join(EXPORTERS))
        return
    try:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # optional
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        processor = BatchSpanProcessor(_create_exporter(exporter))
    except ImportError as error:
        log.warning("OTEL_* is set, but OpenTelemetry is not installed: %s", error)
        return
    name = environment.get("OTEL_SERVICE_NAME") or NAME
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(processor)
    instrument(app, provider)


def instrument(app: Flask, provider: "TracerProvider") -> None:
    """Create a span for each request except health checks and metrics, and for its statements."""
    from opentelemetry.instrumentation.flask import FlaskInstrumentor  # noqa: PLC0415

    FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
        app,
        request_hook=_store_trace,
        tracer_provider=provider,
        excluded_urls=",".join(f"{path}$" for path in sorted(ROUTINE)),
        enable_commenter=False,
    )
    _trace_statements(provider)


def _trace_statements(provider: "TracerProvider") -> None:
    from opentelemetry.trace import SpanKind, StatusCode, get_current_span  # noqa: PLC0415

    tracer = provider.get_tracer(NAME)

    @contextmanager
    def span(sql: str) -> Iterator[None]:
        if not get_current_span().is_recording():  # a health check, a scrape, or no request
            yield
            return
        # The statement without its values. The driver's error may contain values, so the span has
        # only the error's class.
        text = " ".join(sql.split())
        with tracer.start_as_current_span(
            text.partition(" ")[0],
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "mysql", "db.query.text": text},
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            try:
                yield
            except Exception as error:
                current.set_attribute("error.type", type(error).__name__)
                current.set_status(StatusCode.ERROR)
                raise

    instrumentation.trace_with(span)


def _store_trace(span: "Span", _environ: Mapping[str, object]) -> None:
    context = span.get_span_context()
    g.trace = TraceContext(
        f"{context.trace_id:032x}", f"{context.span_id:016x}", f"{int(context.trace_flags):02x}"
    )


def _exporter_name(environment: Mapping[str, str]) -> str | None:
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    default = "otlp" if any(environment.get(name) for name in ENDPOINTS) else "none"
    name = environment.get(EXPORTER) or default
    return None if name == "none" else name


def _create_exporter(name: str) -> "SpanExporter":
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415

        return ConsoleSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    return OTLPSpanExporter()
