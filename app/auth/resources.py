"""Signing in."""

from flask import Response, request

from app.auth import passwords, queries, tokens
from app.auth.caller import Caller
from app.http.answers import answer
from app.http.operation import operation
from app.http.problems import Problem
from app.http.restful import Resource
from app.http.state import database, settings


class Tokens(Resource):  # type: ignore[misc]
    """Access tokens."""

    @operation(roles=None, basic=True, status=201)
    def post(self) -> Response:
        """Exchange a user name and password (HTTP Basic) for an access token."""
        given = request.authorization
        if given is None or given.type != "basic":
            raise _unauthorized("Send user name and password by HTTP Basic.")
        user = queries.get_active_user(database(), given.username or "")
        stored = user["password_hash"] if user else None
        if not passwords.matches(given.password or "", stored) or user is None:
            raise _unauthorized("No such user name and password.")
        caller = Caller.from_row(user)
        token = {
            "access_token": tokens.issue(caller, settings()),
            "token_type": "Bearer",
            "expires_in": settings().access_token_seconds,
        }
        return answer(token, 201, Cache_Control="no-store")


def _unauthorized(detail: str) -> Problem:
    # RFC 7617, 2
    challenge = 'Basic realm="student-data", charset="UTF-8"'
    return Problem(401, detail, headers=[("WWW-Authenticate", challenge)])
