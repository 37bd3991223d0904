"""Log lines: one projection for the application, its libraries and gunicorn, on standard error.

A line is a JSON object: `time` (RFC 3339, UTC), `level`, `event`, and what else is known. Whoever
logs uses the standard library's `logging`, and `extra={...}` for fields of their own; within a
request its `request_id` and `trace_id` are added. The line of each request is written by
`app.operations.requests`, straight through structlog, which costs a third.
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
# Made once: `json.dumps` with an argument of its own makes one for each line.
_encode = json.JSONEncoder(default=str).encode


def configure(level: str, form: str) -> None:
    """Set up `logging` and structlog for this process."""
    logging.config.dictConfig(configuration(level, form))
    structlog.configure(
        processors=[structlog.processors.add_log_level, _time, *_ending(form)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def configuration(level: str, form: str) -> dict[str, Any]:
    """Give the value for `logging.config.dictConfig`, and gunicorn's `logconfig_dict`."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            _time,
            _of_this_request,
        ],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_ending(form),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {"gunicorn.error": {"level": level, "handlers": ["stderr"], "propagate": False}},
    }


def _ending(form: str) -> list[Processor]:
    if form == "console":
        plain = structlog.dev.plain_traceback  # without local variables: they may hold secrets
        colors = sys.stderr.isatty()
        return [
            structlog.dev.ConsoleRenderer(
                colors=colors, timestamp_key="time", exception_formatter=plain
            )
        ]
    return [
        structlog.processors.format_exc_info,
        _in_order,
        structlog.processors.JSONRenderer(serializer=lambda line, **_: _encode(line)),
    ]


def _in_order(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    return {name: line.pop(name) for name in FIRST} | dict(line)


def _of_this_request(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    if has_app_context():
        if "request_id" in g:
            line["request_id"] = g.request_id
        if "trace" in g:
            line["trace_id"] = g.trace.trace_id
    return line
