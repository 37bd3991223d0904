"""Read replicas: which requests they may serve, and how a client reads its own writes.

The position of a client's last write travels with the client: the response to a write has a
`Consistency-Token`, which the client sends with the requests that follow. The replica serves a read
only if it has applied everything up to the token. Any process and replica of this service can tell,
because the token is the position itself.

A request without a token says nothing about what its client wrote, so the primary serves it, unless
its caller has nothing to read back: signed-out clients and students may not write.
"""

from flask import Flask, Response, g, request

from app.db.database import Database
from app.db.errors import DatabaseError
from app.db.instrumentation import usage
from app.db.transaction import Reader
from app.http.caller import STAFF, signed_in
from app.http.context import database

HEADER = "Consistency-Token"
# With MySQL, each server that ever was the primary adds about 40 characters.
MAX_CHARACTERS = 2000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def register(app: Flask, db: Database) -> None:
    """Return a token after each write; without a replica, there are none."""
    if db.replica is not None:
        app.before_request(_note_statements)
        app.after_request(_add_token)


def reader(*, limited: bool = True) -> Reader:
    """Return what a GET reads from: the replica if it may serve this request, or the primary.

    Not for a write, nor for what decides about one. With `limited=False`, queries have no time
    limit.
    """
    db = database()
    if db.replica is None:
        return db if limited else db.unlimited()
    token = request.headers.get(HEADER, "")
    if (token or not _may_have_written()) and len(token) <= MAX_CHARACTERS:
        try:
            return db.reader(token, limited=limited)
        except ValueError:
            pass  # not a token: the primary serves the request
    return db if limited else db.unlimited()


def _may_have_written() -> bool:
    caller = signed_in()
    return caller is not None and caller.role in STAFF


def _note_statements() -> None:
    g.statements_before = usage.statements


def _add_token(response: Response) -> Response:
    """Add the position of the primary, also to a 404, 409 or 412 that tells of its state.

    Not to a 5xx: a write whose outcome is unknown may still be committed at a later position.
    """
    read_or_failed = request.method in SAFE_METHODS or response.status_code >= 500
    if read_or_failed or usage.statements == g.get("statements_before"):
        return response
    try:
        token = database().position()
    except DatabaseError:
        return response
    if 0 < len(token) <= MAX_CHARACTERS:
        response.headers[HEADER] = token
    return response
