"""Authenticates requests by the access token in `Authorization: Bearer` (RFC 6750)."""

from flask import Flask

from app.auth import tokens
from app.auth.credentials import credentials
from app.http.caller import Caller, register_authenticator
from app.http.context import settings
from app.http.problems import Problem
from app.service import REALM


def register(app: Flask) -> None:
    """Authenticate requests to this application by bearer tokens."""
    register_authenticator(app, authenticate)


def authenticate() -> Caller:
    """Return the caller identified by the token; raises a `Problem` with status 401."""
    given = credentials()
    if given is None or given.type != "bearer" or not given.token:
        raise unauthorized("Sign in at POST /v1/tokens and send the access token as Bearer.")
    try:
        return tokens.verify(given.token, settings())
    except tokens.BadToken as error:
        raise unauthorized(f"Sign in again: {error}.", error="invalid_token") from None


def unauthorized(detail: str, error: str = "") -> Problem:
    """Return the problem (401) for a request without a valid access token."""
    # RFC 6750, section 3
    challenge = f'Bearer realm="{REALM}"' + (f', error="{error}"' if error else "")
    return Problem(401, detail, headers=[("WWW-Authenticate", challenge)])
