"""HTTP resources for users."""

from typing import Any

from flask import Response

from app.auth import passwords, sessions
from app.auth import queries as sign_in_queries
from app.auth.users import queries
from app.auth.users.schemas import NewPassword, UserBody, UserPage, UserView
from app.auth.users.schemas import User as UserAnswer
from app.db.transaction import Transaction
from app.http import crud
from app.http.api import Resource
from app.http.caller import ADMIN
from app.http.context import database
from app.http.operation import operation
from app.http.paging import PageOf


class Users(Resource):  # type: ignore[misc]
    """The collection of users."""

    @operation(roles=ADMIN, query=UserPage, response=PageOf[UserAnswer])
    def get(self, query: UserPage) -> Response:
        """List users."""
        return crud.list_page(queries, query)

    @operation(roles=ADMIN, body=UserBody, response=UserAnswer, status=201, idempotency_key=True)
    def post(self, body: UserBody) -> Response:
        """Create a user without a password.

        The user can sign in once a password has been set: `PUT /v1/users/{api_user_id}/password`.
        """
        return crud.create(queries, "/v1/users", body)


class User(Resource):  # type: ignore[misc]
    """A single user."""

    @operation(roles=ADMIN, query=UserView, response=UserAnswer)
    def get(self, api_user_id: int, query: UserView) -> Response:
        """Get a user."""
        return crud.read(queries, api_user_id, query)

    @operation(roles=ADMIN, body=UserBody, response=UserAnswer, conditional=True)
    def put(self, api_user_id: int, body: UserBody) -> Response:
        """Replace a user.

        The response is 403 if you would no longer be an active administrator.
        """
        return crud.replace(queries, api_user_id, body)

    @operation(roles=ADMIN, patch=UserBody, response=UserAnswer, conditional=True)
    def patch(self, api_user_id: int, changes: dict[str, Any]) -> Response:
        """Update a user, for example to deactivate them.

        All sessions of an inactive user are revoked; access tokens stay valid until they expire.
        The response is 403 if you would no longer be an active administrator.
        """
        return crud.patch(queries, api_user_id, changes, UserBody)

    @operation(roles=ADMIN, status=204, conditional=True)
    def delete(self, api_user_id: int) -> Response:
        """Delete a user, with all sessions.

        The response is 403 for your own user.
        """
        return crud.delete(queries, api_user_id)


class UserPassword(Resource):  # type: ignore[misc]
    """The password of a user."""

    @operation(roles=ADMIN, body=NewPassword, status=204, conditional=True)
    def put(self, api_user_id: int, body: NewPassword) -> Response:
        """Set the password of a user and revoke all their sessions.

        Send the user's `ETag` in `If-Match`, or `*`.
        """
        password_hash = passwords.hash_password(body.new_password.get_secret_value())

        def change(tx: Transaction) -> None:
            crud.lock(queries, tx, api_user_id)
            sign_in_queries.set_password_hash(tx, api_user_id, password_hash)
            sessions.revoke_all(tx, api_user_id)

        database().run_transaction(change)
        return Response(status=204)
