"""HTTP resources: sign in, refresh the tokens, sign out, the signed-in user and the password."""

from flask import Response

from app.auth import bearer, passwords, queries, rate_limits, sessions, tokens
from app.auth.credentials import credentials
from app.auth.schemas import CurrentUser as UserAnswer
from app.auth.schemas import PasswordChange, RefreshToken, TokenPair
from app.db.transaction import Row, Transaction
from app.http.api import Resource
from app.http.caller import ANY_ROLE, PUBLIC, Caller, caller
from app.http.context import database, settings
from app.http.operation import operation
from app.http.preconditions import etag_response
from app.http.problems import Problem
from app.http.responses import json_response
from app.service import REALM


class Tokens(Resource):  # type: ignore[misc]
    """Pairs of an access token and a refresh token."""

    @operation(roles=PUBLIC, basic=True, response=TokenPair, status=201)
    def post(self) -> Response:
        """Sign in with a user name and password (HTTP Basic).

        The response contains an access token and a refresh token.
        """
        given = credentials()
        if given is None or given.type != "basic":
            raise _unauthorized("Send the user name and password with HTTP Basic authentication.")
        user = queries.get_active_user(database(), given.username or "")
        password = given.password or ""
        if not _is_password_of(user, password) or user is None:
            raise _unauthorized("The user name or the password is wrong.")
        pair = _sign_in(user, passwords.rehash_if_needed(password, user["password_hash"]))
        if pair is None:  # the password was changed or the user deactivated in the meantime
            raise _unauthorized("The user name or the password is wrong.")
        return _token_response(pair, 201)


class Refresh(Resource):  # type: ignore[misc]
    """Refresh of an access token."""

    @operation(roles=PUBLIC, body=RefreshToken, response=TokenPair, status=201, problems=(401, 409))
    def post(self, body: RefreshToken) -> Response:
        """Exchange a refresh token for a new pair of tokens.

        Each refresh token can be used once. Reusing it revokes all tokens that descend from the
        same sign-in, except within ten seconds of its first use: the response is then 409 and
        nothing is revoked.
        """
        token, successor = body.refresh_token.get_secret_value(), sessions.new_token()
        seconds = settings().refresh_token_seconds
        result = database().run_transaction(
            lambda tx: sessions.rotate(tx, token, successor, seconds=seconds)
        )
        if result is sessions.Rejection.JUST_USED:
            raise Problem(
                409,
                "This refresh token has just been used: continue with the pair of tokens returned "
                "for it. Using it again later revokes that pair.",
                kind="just-used",
                headers=[("Retry-After", str(sessions.REUSE_GRACE_SECONDS))],
            )
        if not isinstance(result, Caller):
            # Not Basic, for which browsers open their own sign-in dialog.
            challenge = f'Bearer realm="{REALM}", error="invalid_token"'
            raise Problem(
                401,
                "The refresh token is not valid; sign in again.",
                headers=[("WWW-Authenticate", challenge)],
            )
        return _token_response(_pair(result, successor), 201)


class Revoke(Resource):  # type: ignore[misc]
    """Revocation of a refresh token."""

    @operation(roles=PUBLIC, body=RefreshToken, status=204)
    def post(self, body: RefreshToken) -> Response:
        """Sign out: revoke a refresh token and all tokens of the same sign-in.

        The response is 204 for unknown tokens too (RFC 7009). Access tokens stay valid until they
        expire.
        """
        # POST and not DELETE: a secret does not belong in a URL, and a DELETE has no body.
        token = body.refresh_token.get_secret_value()
        database().run_transaction(lambda tx: sessions.revoke(tx, token))
        return Response(status=204)


class CurrentUser(Resource):  # type: ignore[misc]
    """The caller."""

    @operation(roles=ANY_ROLE, response=UserAnswer)
    def get(self) -> Response:
        """Get the signed-in user.

        The response is 401 if the user was deactivated after the access token was issued.
        """
        user = queries.get_active_user_by_id(database(), caller().api_user_id)
        if user is None:
            raise bearer.unauthorized("Sign in again: the user is not active.", "invalid_token")
        shown = UserAnswer.model_validate(user)
        return etag_response(shown.model_dump_json() + "\n")


class Password(Resource):  # type: ignore[misc]
    """The caller's own password."""

    @operation(roles=ANY_ROLE, body=PasswordChange, response=TokenPair)
    def put(self, body: PasswordChange) -> Response:
        """Change your own password.

        All refresh tokens of the user are revoked; the response contains a new pair of tokens.
        """
        # No If-Match: the current password is the precondition.
        current = body.current_password.get_secret_value()
        user = queries.get_active_user_by_id(database(), caller().api_user_id)
        if not _is_password_of(user, current) or user is None:
            raise _wrong_password()
        new_hash = passwords.hash_password(body.new_password.get_secret_value())
        pair = _sign_in(user, new_hash, revoke_other_sessions=True)
        if pair is None:  # the password was changed or the user deactivated in the meantime
            raise _wrong_password()
        return _token_response(pair, 200)


def _is_password_of(user: Row | None, password: str) -> bool:
    """Return whether the password is correct, and count the check for the rate limits."""
    is_correct = passwords.verify(password, user["password_hash"] if user else None)
    rate_limits.note_password_check(is_correct=is_correct)
    return is_correct


def _sign_in(
    user: Row, password_hash: str, *, revoke_other_sessions: bool = False
) -> TokenPair | None:
    """Store the hash and start a session for a user whose password was verified.

    Returns None if the password was changed or the user deactivated since `user` was read.
    """
    token, seconds = sessions.new_token(), settings().refresh_token_seconds
    api_user_id, verified_hash = user["api_user_id"], user["password_hash"]

    def start_session(tx: Transaction) -> bool:
        if not queries.replace_password_hash(tx, api_user_id, verified_hash, password_hash):
            return False
        if revoke_other_sessions:
            sessions.revoke_all(tx, api_user_id)
        sessions.start(tx, api_user_id, token, seconds=seconds)
        return True

    if not database().run_transaction(start_session):
        return None
    return _pair(Caller.from_row(user), token)


def _pair(user: Caller, refresh_token: str) -> TokenPair:
    return TokenPair(
        access_token=tokens.issue(user, settings()),
        token_type="Bearer",  # noqa: S106 - not a secret
        expires_in=settings().access_token_seconds,
        refresh_token=refresh_token,
        refresh_token_expires_in=settings().refresh_token_seconds,
    )


def _token_response(pair: TokenPair, status: int) -> Response:
    return json_response(pair.model_dump(), status, Cache_Control="no-store")


def _unauthorized(detail: str) -> Problem:
    # RFC 7617, section 2
    challenge = f'Basic realm="{REALM}", charset="UTF-8"'
    return Problem(401, detail, headers=[("WWW-Authenticate", challenge)])


def _wrong_password() -> Problem:
    return Problem(
        422,
        "The current password is wrong; nothing was changed.",
        kind="invalid",
        errors=[{"pointer": "/current_password", "detail": "wrong password"}],
    )
