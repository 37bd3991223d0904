"""Logging: one format for the application, its libraries and the server, on standard error.

Each line is a JSON object with `time` (RFC 3339, UTC), `level`, `event` and further fields. Code
uses the standard library's `logging`, with `extra={...}` for fields; within a request,
`request_id` and `trace_id` are added. `app.operations.requests` writes the line of each request
directly through structlog, which takes a third of the time.
"""

import json
import logging.config
import sys
from typing import Any

import structlog
from flask import g, has_app_context
from structlog.typing import EventDict, Processor, WrappedLogger

FIRST = ("time", "level", "event")
_time = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")
# Created once: `json.dumps` with an argument creates an encoder for each line.
_encode = json.JSONEncoder(default=str).encode


def configure(level: str, form: str) -> None:
    """Set up `logging` and structlog for this process."""
    logging.config.dictConfig(configuration(level, form))
    structlog.configure(
        processors=[structlog.processors.add_log_level, _time, *_renderers(form)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def configuration(level: str, form: str) -> dict[str, Any]:
    """Return the value for `logging.config.dictConfig`, which both servers take as well."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            _time,
            _add_request,
        ],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_renderers(form),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level, "handlers": ["stderr"]},
        # Both servers would add handlers with their own format.
        "loggers": {
            "gunicorn.error": {"level": level, "handlers": ["stderr"], "propagate": False},
            "_granian": {"level": level},
        },
    }


def _renderers(form: str) -> list[Processor]:
    if form == "console":
        plain = structlog.dev.plain_traceback  # without local variables, which may contain secrets
        colors = sys.stderr.isatty()
        return [
            structlog.dev.ConsoleRenderer(
                colors=colors, timestamp_key="time", exception_formatter=plain
            )
        ]
    return [
        structlog.processors.format_exc_info,
        _sort_fields,
        structlog.processors.JSONRenderer(serializer=lambda line, **_: _encode(line)),
    ]


def _sort_fields(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    return {name: line.pop(name) for name in FIRST} | dict(line)


def _add_request(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    if has_app_context():
        if "request_id" in g:
            line["request_id"] = g.request_id
        if "trace" in g:
            line["trace_id"] = g.trace.trace_id
    return line
