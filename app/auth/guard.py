"""Lets a request pass, or answers 401 or 403."""

from flask import g, request

from app.auth import tokens
from app.auth.caller import Caller
from app.http.problems import Problem
from app.http.state import settings


def authorize(roles: frozenset[str]) -> None:
    """Let only callers with one of these roles pass."""
    if _authenticate().role not in roles:
        raise Problem(403, f"This is for {' and '.join(sorted(roles))} only.")


def caller() -> Caller:
    """Give the caller of the current request, once `authorize` let it pass."""
    found: Caller = g.caller
    return found


def signed_in() -> Caller | None:
    """Give the caller where the request has a good token, whether it needs one or not."""
    try:
        return _authenticate()
    except Problem:
        return None


def _authenticate() -> Caller:
    if "caller" not in g:
        g.caller = _read_token()
    return caller()


def _read_token() -> Caller:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise _unauthorized("Sign in at POST /v1/tokens and send the token as Bearer.")
    try:
        return tokens.read(given.token, settings())
    except tokens.BadToken as error:
        raise _unauthorized(f"Sign in again: {error}.", error="invalid_token") from None


def _unauthorized(detail: str, error: str = "") -> Problem:
    # RFC 6750, 3
    challenge = 'Bearer realm="student-data"' + (f', error="{error}"' if error else "")
    return Problem(401, detail, headers=[("WWW-Authenticate", challenge)])
