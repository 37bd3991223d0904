"""SQL for the users that administrators manage; `app.auth.queries` has that of the sign-in."""

from typing import Any

from app.auth import sessions
from app.auth.users.schemas import User
from app.db.transaction import Transaction
from app.http.caller import Caller, caller
from app.http.problems import Problem
from app.sql.conditions import ALL_ROWS, NO_ROWS, Condition
from app.sql.filters import Check
from app.sql.select import Select

# No password has this hash: a new user signs in once an administrator has set a password.
NO_PASSWORD = "!"  # noqa: S105 - not a secret

SELECT = Select(
    User,
    table="api_user",
    key="api_user_id",
    filters={"q": Check("api_user.user_name LIKE %s")},
    indexes={"idx_unique_user_name": ("user_name",)},
    unique=frozenset({"user_name"}),
)


def visible_to(user: Caller) -> Condition:
    """Return the condition for users the caller may see: all for administrators, else none."""
    return ALL_ROWS if user.role == "admin" else NO_ROWS


def writable_by(user: Caller) -> Condition:
    """Return the condition for users the caller may store.

    Administrators remain active administrators themselves, so that one always exists.
    """
    return visible_to(user) & Condition(
        "(api_user.api_user_id <> %s OR (api_user.role = 'admin' AND api_user.active))",
        (user.api_user_id,),
    )


def insert(tx: Transaction, user: dict[str, Any]) -> int:
    """Insert a new user without a password and return the key."""
    tx.execute(
        """
        INSERT INTO api_user (user_name, password_hash, role, staff_id, student_id, active)
        VALUES (%(user_name)s, %(password_hash)s, %(role)s, %(staff_id)s, %(student_id)s,
                %(active)s)
        """,
        {**user, "password_hash": NO_PASSWORD},
    )
    return tx.last_row_id


def update(tx: Transaction, api_user_id: int, user: dict[str, Any]) -> None:
    """Update a user; the sessions of an inactive user are revoked."""
    tx.execute(
        """
        UPDATE api_user
        SET user_name = %(user_name)s, role = %(role)s, staff_id = %(staff_id)s,
            student_id = %(student_id)s, active = %(active)s
        WHERE api_user_id = %(api_user_id)s
        """,
        {**user, "api_user_id": api_user_id},
    )
    if not user["active"]:
        sessions.revoke_all(tx, api_user_id)


def delete(tx: Transaction, api_user_id: int) -> None:
    """Delete a user with their sessions and stored responses; a `Problem` (403) for the caller."""
    if api_user_id == caller().api_user_id:
        raise Problem(403, "You may not delete your own user.")
    tx.execute("DELETE FROM refresh_token WHERE api_user_id = %s", (api_user_id,))
    tx.execute("DELETE FROM idempotency_key WHERE api_user_id = %s", (api_user_id,))
    tx.execute("DELETE FROM api_user WHERE api_user_id = %s", (api_user_id,))
