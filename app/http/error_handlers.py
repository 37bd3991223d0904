"""Error handlers: every error response is a problem (RFC 9457).

All 4xx and 5xx responses, including the framework's own, are `application/problem+json` with a
`request_id`; input errors are listed as `errors: [{pointer, detail}]`. This is the only module
that maps database errors to statuses and problem types. A driver's error message is never sent to
the client; it is logged with the same request id.
"""

import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request
from pydantic_core import from_json
from werkzeug.exceptions import HTTPException

from app.db import errors as db
from app.http.middleware.request_ids import request_id
from app.http.problems import InputError, Problem, not_found
from app.http.validation import pointers_to
from app.service import PROBLEM_TYPE

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1

UNAVAILABLE = (503, "unavailable", "The database is unavailable; nothing was stored.")
# Status, problem type, and the detail, which says what happened to the client's data.
DATABASE_PROBLEMS: dict[type[db.DatabaseError], tuple[int, str, str]] = {
    db.PoolExhausted: (503, "busy", "All database connections are in use; nothing was stored."),
    db.StorageFailed: (
        503,
        "storage-failed",
        "The database cannot write: its storage is full or failing; nothing was stored.",
    ),
    db.ReadOnlyServer: (503, "read-only", "The database is read-only; nothing was stored."),
    db.ConnectionLost: (
        503,
        "connection-lost",
        "The database connection was lost; nothing was stored.",
    ),
    db.ServerNotReady: UNAVAILABLE,
    db.DatabaseUnavailable: UNAVAILABLE,
    db.OutcomeUnknown: (
        503,
        "outcome-unknown",
        "The database's response was lost; the change may or may not have been stored.",
    ),
    db.TransactionConflict: (
        503,
        "conflict",
        "Conflict with a concurrent change; nothing was stored.",
    ),
    db.StatementTimedOut: (
        503,
        "statement-timeout",
        "The query took too long and was ended; nothing was stored.",
    ),
    db.StatementInterrupted: (
        503,
        "interrupted",
        "The statement was interrupted; nothing was stored.",
    ),
    db.TableMissing: (
        503,
        "not-migrated",
        "The database schema is not up to date; nothing was stored.",
    ),
    db.KeysExhausted: (
        503,
        "keys-exhausted",
        "The table has no keys left for new rows; nothing was stored.",
    ),
    db.InvalidValue: (422, "value-refused", "A value does not fit its column; nothing was stored."),
    db.DuplicateKey: (
        409,
        "duplicate",
        "A record with this value already exists; nothing was stored.",
    ),
    db.MissingReference: (
        409,
        "missing-reference",
        "A referenced record does not exist; nothing was stored.",
    ),
    db.StillReferenced: (
        409,
        "still-referenced",
        "Other records still refer to this one; nothing was changed.",
    ),
    db.CheckViolated: (409, "rule-violated", "A data constraint was violated; nothing was stored."),
    db.DatabaseError: (500, "internal", "An internal error occurred; nothing was stored."),
}


def register(app: Flask) -> None:
    """Turn every exception of a request into a problem response."""
    app.register_error_handler(Problem, respond)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(db.DatabaseError, _from_database)
    app.register_error_handler(Exception, _from_unexpected)


def respond(problem: Problem) -> Response:
    """Return the response for a problem."""
    response = Response(
        current_app.json.dumps(problem_body(problem)) + "\n",
        problem.status,
        content_type="application/problem+json",
    )
    response.headers.extend(problem.headers)
    return response


def problem_body(problem: Problem) -> dict[str, Any]:
    """Return the members of a problem, also to embed it in a response with several results."""
    body: dict[str, Any] = {
        "type": _type_uri(problem.kind),
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": request_id(),
    }
    if problem.errors:
        body |= {"errors": problem.errors, "error_count": problem.error_count}
    return {**body, **problem.members}


def problem_from(error: db.DatabaseError, body: Any = None) -> Problem:
    """Return the problem for a database error, with pointers to the affected fields of `body`."""
    cls = next(cls for cls in type(error).__mro__ if cls in DATABASE_PROBLEMS)
    status, kind, detail = DATABASE_PROBLEMS[cls]
    if isinstance(error, db.KeysExhausted) and error.table:
        detail = f"The table {error.table} has no keys left for new rows; nothing was stored."
    errors: list[InputError] = [
        {"pointer": pointer, "detail": detail} for pointer in pointers_to(error.column, body)
    ]
    headers = [("Retry-After", str(RETRY_AFTER_SECONDS))] if status == 503 else []
    return Problem(status, detail, kind=kind, errors=errors, headers=headers)


def _type_uri(kind: str) -> str:
    if ":" in kind:  # a full URI already, such as a registered problem type
        return kind
    return f"{PROBLEM_TYPE}{kind}" if kind else "about:blank"


def _from_http(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    # Routing redirects, 405 with its Allow header, 413, 415 and others.
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return respond(Problem(error.code or 500, error.description or "", headers=headers))


def _from_database(error: db.DatabaseError) -> Response:
    if _is_about_path(error):
        return respond(not_found(error.column.removesuffix("_id")))
    problem = problem_from(error, _submitted() if error.column else None)
    if problem.status >= 500:
        log.error("%s %s: %s: %s", request.method, request.path, type(error).__name__, error)
    return respond(problem)


def _submitted() -> Any:
    """Return the JSON body of the request; None if it has none or it cannot be read.

    An operation without a body has not read it, so it may be malformed or nested too deeply.
    """
    try:
        return from_json(request.get_data())
    except (ValueError, HTTPException, Problem):
        return None


def _is_about_path(error: db.DatabaseError) -> bool:
    """Return whether a key in the path does not exist, or is too large for its column."""
    missing = isinstance(error, db.MissingReference | db.InvalidValue)
    return missing and error.column in (request.view_args or {})


def _from_unexpected(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return respond(Problem(500, "An internal error occurred.", kind="internal"))
