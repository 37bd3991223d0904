"""Signing in, staying signed in, signing out, and changing the password."""

from flask import Response, request

from app.auth import passwords, queries, sessions, tokens
from app.auth.schemas import PasswordChange, RefreshToken, TokenPair
from app.db.transaction import Row, Transaction
from app.http.api import Resource
from app.http.caller import ANY_ROLE, PUBLIC, Caller, caller
from app.http.context import database, settings
from app.http.operation import operation
from app.http.problems import Problem
from app.http.responses import json_response
from app.service import REALM


class Tokens(Resource):  # type: ignore[misc]
    """Access tokens and refresh tokens."""

    @operation(roles=PUBLIC, basic=True, response=TokenPair, status=201)
    def post(self) -> Response:
        """Exchange a user name and password (HTTP Basic) for a pair of tokens."""
        given = request.authorization
        if given is None or given.type != "basic":
            raise _unauthorized("Send user name and password by HTTP Basic.")
        user = queries.get_active_user(database(), given.username or "")
        password = given.password or ""
        if not passwords.verify(password, user["password_hash"] if user else None) or user is None:
            raise _unauthorized("No such user name and password.")
        pair = _sign_in(user, passwords.rehash_if_needed(password, user["password_hash"]))
        if pair is None:  # changed or deactivated since it was looked up
            raise _unauthorized("No such user name and password.")
        return _answer(pair, 201)


class Refresh(Resource):  # type: ignore[misc]
    """The next pair of tokens."""

    @operation(roles=PUBLIC, body=RefreshToken, response=TokenPair, status=201, problems=(401, 409))
    def post(self, body: RefreshToken) -> Response:
        """Exchange a refresh token for the next pair; it is good for one time.

        One that comes again revokes all that followed from the same sign-in, except in the
        moment after its use: then it is a 409 that changes nothing (see `sessions`).
        """
        given, successor = body.refresh_token.get_secret_value(), sessions.new_token()
        seconds = settings().refresh_token_seconds
        found = database().run_transaction(
            lambda tx: sessions.rotate(tx, given, successor, seconds=seconds)
        )
        if found is sessions.Refused.TOO_SOON:
            raise Problem(
                409,
                "This refresh token was used a moment ago: go on with the pair it gave. Whoever "
                "sends it again later revokes that pair.",
                kind="just-used",
                headers=[("Retry-After", str(sessions.REUSE_GRACE_SECONDS))],
            )
        if not isinstance(found, Caller):
            # Not Basic: a browser would ask the user for a password by itself.
            challenge = f'Bearer realm="{REALM}", error="invalid_token"'
            raise Problem(
                401,
                "The refresh token is not valid; sign in again.",
                headers=[("WWW-Authenticate", challenge)],
            )
        return _answer(_pair(found, successor), 201)


class Revoke(Resource):  # type: ignore[misc]
    """The end of a session."""

    @operation(roles=PUBLIC, body=RefreshToken, status=204)
    def post(self, body: RefreshToken) -> Response:
        """Sign out: revoke the refresh token and all of its family.

        POST and not DELETE, as in RFC 7009: the token is a secret and has no place in a URL,
        and the body of a DELETE has no meaning. An unknown token is a success, too: it gives no
        access, which is what was asked for, and nobody learns which ones exist. The access
        token is valid until its end.
        """
        given = body.refresh_token.get_secret_value()
        database().run_transaction(lambda tx: sessions.end(tx, given))
        return Response(status=204)


class Password(Resource):  # type: ignore[misc]
    """The caller's own password."""

    @operation(roles=ANY_ROLE, body=PasswordChange, response=TokenPair)
    def put(self, body: PasswordChange) -> Response:
        """Change it; every other session ends, and the answer has the tokens of a new one.

        PUT, since it replaces the one password the caller has, at a place of its own. It needs
        no If-Match: the current password is the precondition.
        """
        given = body.current_password.get_secret_value()
        user = queries.get_active_user_by_id(database(), caller().api_user_id)
        if not passwords.verify(given, user["password_hash"] if user else None) or user is None:
            raise _wrong_password()
        changed = passwords.hash_password(body.new_password.get_secret_value())
        pair = _sign_in(user, changed, ending_others=True)
        if pair is None:  # changed or deactivated since it was looked up
            raise _wrong_password()
        return _answer(pair, 200)


def _sign_in(user: Row, password_hash: str, *, ending_others: bool = False) -> TokenPair | None:
    """Begin a session for a user whose password was right; None if that is so no longer."""
    token, seconds = sessions.new_token(), settings().refresh_token_seconds
    key, checked = user["api_user_id"], user["password_hash"]

    def begin(tx: Transaction) -> bool:
        if not queries.replace_password_hash(tx, key, checked, password_hash):
            return False
        if ending_others:
            sessions.end_all(tx, key)
        sessions.start(tx, key, token, seconds=seconds)
        return True

    return _pair(Caller.from_row(user), token) if database().run_transaction(begin) else None


def _pair(who: Caller, refresh_token: str) -> TokenPair:
    return TokenPair(
        access_token=tokens.issue(who, settings()),
        token_type="Bearer",  # noqa: S106 - no secret
        expires_in=settings().access_token_seconds,
        refresh_token=refresh_token,
        refresh_token_expires_in=settings().refresh_token_seconds,
    )


def _answer(pair: TokenPair, status: int) -> Response:
    return json_response(pair.model_dump(), status, Cache_Control="no-store")


def _unauthorized(detail: str) -> Problem:
    # RFC 7617, 2
    challenge = f'Basic realm="{REALM}", charset="UTF-8"'
    return Problem(401, detail, headers=[("WWW-Authenticate", challenge)])


def _wrong_password() -> Problem:
    return Problem(
        422,
        "The current password is another one; nothing was changed.",
        kind="invalid",
        errors=[{"pointer": "/current_password", "detail": "not the current password"}],
    )
