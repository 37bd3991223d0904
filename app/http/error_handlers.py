"""The one place that knows statuses and problem types.

Every 4xx and 5xx, the framework's own included, is RFC 9457 problem+json with
a `request_id`; input problems list `errors: [{pointer, detail}]`. A client
never sees the driver's words: those are in the log, under the same request id.
"""

import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from app.db import errors as db
from app.http.middleware.request_ids import request_id
from app.http.problems import InputError, Problem, not_found
from app.http.validation import pointers_to
from app.service import PROBLEM_TYPE

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1

# Status, problem type, and what the client may conclude about its data.
DATABASE_PROBLEMS: dict[type[db.DatabaseError], tuple[int, str, str]] = {
    db.PoolExhausted: (503, "busy", "Every database connection is busy; nothing was stored."),
    db.ReadOnlyServer: (503, "read-only", "The database takes no writes now; nothing was stored."),
    db.ConnectionLost: (503, "connection-lost", "The connection broke; nothing was stored."),
    db.DatabaseUnavailable: (503, "unavailable", "The database is away; nothing was stored."),
    db.OutcomeUnknown: (
        503,
        "outcome-unknown",
        "The database's answer was cut off; the change may or may not be stored.",
    ),
    db.TransactionConflict: (503, "conflict", "Another change was in the way; nothing was stored."),
    db.StatementInterrupted: (503, "interrupted", "The statement was stopped; nothing was stored."),
    db.TableMissing: (503, "not-migrated", "The database has no such table yet."),
    db.InvalidValue: (422, "value-refused", "A value does not fit; nothing was stored."),
    db.DuplicateKey: (409, "duplicate", "Another one has this already; nothing was stored."),
    db.MissingReference: (409, "missing-reference", "It points to something that does not exist."),
    db.StillReferenced: (409, "still-referenced", "Others still point to it; nothing was changed."),
    db.CheckViolated: (409, "rule-violated", "A rule of the data says no; nothing was stored."),
    db.DatabaseError: (500, "internal", "Something went wrong here; nothing was stored."),
}


def register(app: Flask) -> None:
    """Turn whatever goes wrong in this application into a problem."""
    app.register_error_handler(Problem, respond)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(db.DatabaseError, _from_database)
    app.register_error_handler(Exception, _from_bug)


def respond(problem: Problem) -> Response:
    """Write a problem as RFC 9457 says."""
    response = Response(
        current_app.json.dumps(problem_body(problem)) + "\n",
        problem.status,
        content_type="application/problem+json",
    )
    response.headers.extend(problem.headers)
    return response


def problem_body(problem: Problem) -> dict[str, Any]:
    """Give a problem's members, for an answer that is about several things."""
    body: dict[str, Any] = {
        "type": _type(problem.kind),
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": request_id(),
    }
    if problem.errors:
        body["errors"] = problem.errors
    return {**body, **problem.members}


def problem_from(error: db.DatabaseError, body: Any = None) -> Problem:
    """Say what a failure below means for whoever asked, and where in their body it is."""
    kind = next(cls for cls in type(error).__mro__ if cls in DATABASE_PROBLEMS)
    status, name, detail = DATABASE_PROBLEMS[kind]
    errors: list[InputError] = [
        {"pointer": pointer, "detail": detail} for pointer in pointers_to(error.column, body)
    ]
    headers = [("Retry-After", str(RETRY_AFTER_SECONDS))] if status == 503 else []
    return Problem(status, detail, kind=name, errors=errors, headers=headers)


def _type(kind: str) -> str:
    if ":" in kind:  # a registered one, which keeps its own name
        return kind
    return f"{PROBLEM_TYPE}{kind}" if kind else "about:blank"


def _from_http(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    # A redirect of the router's, 405 with its Allow, 413, 415, ...
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return respond(Problem(error.code or 500, error.description or "", headers=headers))


def _from_database(error: db.DatabaseError) -> Response:
    if _is_in_the_path(error):
        return respond(not_found(error.column.removesuffix("_id")))
    problem = problem_from(error, request.get_json(silent=True))
    if problem.status >= 500:
        log.error("%s %s: %s: %s", request.method, request.path, type(error).__name__, error)
    return respond(problem)


def _is_in_the_path(error: db.DatabaseError) -> bool:
    """Tell whether what is missing is what the path names; a key that does not fit is missing."""
    missing = isinstance(error, db.MissingReference | db.InvalidValue)
    return missing and error.column in (request.view_args or {})


def _from_bug(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return respond(Problem(500, "Something went wrong here.", kind="internal"))
