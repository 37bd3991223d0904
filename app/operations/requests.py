"""One log line and the metrics of each request."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import structlog
from flask import Flask, Response, g, request

from app.db.instrumentation import usage
from app.http.middleware.request_ids import request_id
from app.operations.metrics import Metrics
from app.operations.trace_context import TraceContext

log = structlog.get_logger("app.requests")

# Requested constantly by machines; logged at DEBUG only.
ROUTINE = frozenset({"/livez", "/readyz", "/metrics", "/v1/status"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Clients can request any path, so unknown paths must not become labels.
NO_ROUTE = "none"


@dataclass(slots=True)
class Exchange:
    """A request and what is known of its response."""

    request_id: str
    method: str
    route: str
    began: float
    statements_before: int
    waited_before: float
    status: int = 500
    trace: TraceContext | None = None
    api_user_id: int | None = None


def register(app: Flask, metrics: Metrics) -> None:
    """Measure each request, including all other hooks and the strategy's `end_request`.

    Must be registered first: Flask calls after-request and teardown functions in reverse order.
    """
    app.extensions["metrics"] = metrics

    def begin() -> None:
        g.exchange = _start()
        metrics.in_flight.inc()

    def note_response(response: Response) -> Response:
        exchange: Exchange = g.exchange
        _note_response(exchange, response)
        if response.is_streamed and not response.direct_passthrough:
            del g.exchange  # ends with the stream, after all hooks
            response.call_on_close(lambda: _end(exchange, metrics))
        return response

    def end(_error: BaseException | None) -> None:
        if exchange := g.pop("exchange", None):  # absent in a command, and after a stream
            _end(exchange, metrics)

    app.before_request(begin)
    app.after_request(note_response)
    app.teardown_appcontext(end)


def _start() -> Exchange:
    method, rule = request.method, request.url_rule
    traceparent = request.environ.get("HTTP_TRACEPARENT")
    if traceparent and (trace := TraceContext.parse(traceparent)):
        g.trace = trace
    return Exchange(
        request_id(),
        method if method in METHODS else "other",
        rule.rule if rule else NO_ROUTE,
        perf_counter(),
        usage.statements,
        usage.checkout_seconds,
    )


def _note_response(exchange: Exchange, response: Response) -> None:
    exchange.status = response.status_code
    if "trace" in g:
        exchange.trace = g.trace
        response.headers["traceresponse"] = str(g.trace)
    if "caller" in g:
        exchange.api_user_id = g.caller.api_user_id


def _end(exchange: Exchange, metrics: Metrics) -> None:
    seconds = perf_counter() - exchange.began
    statements = usage.statements - exchange.statements_before
    waited = usage.checkout_seconds - exchange.waited_before
    metrics.in_flight.dec()
    labels = (exchange.method, exchange.route, str(exchange.status))
    metrics.count(labels, seconds, statements, waited)
    write = log.error if exchange.status >= 500 else log.info
    if exchange.route in ROUTINE:
        write = log.debug
    write("request", **_fields(exchange, seconds, statements, waited))


def _fields(exchange: Exchange, seconds: float, statements: int, waited: float) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "request_id": exchange.request_id,
        "method": exchange.method,
        "route": exchange.route,
        "status": exchange.status,
        "duration_ms": round(seconds * 1000, 3),
        "statements": statements,
    }
    if statements:
        fields["connection_wait_ms"] = round(waited * 1000, 3)
    if exchange.api_user_id is not None:
        fields["api_user_id"] = exchange.api_user_id
    if exchange.trace is not None:
        fields["trace_id"] = exchange.trace.trace_id
    return fields
