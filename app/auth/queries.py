"""SQL for the users of the API; `sessions` has the SQL for their refresh tokens."""

from typing import Any

from app.db.transaction import Reader, Row, Transaction

ACTIVE_USER = """
    SELECT api_user.api_user_id, api_user.user_name, api_user.password_hash, api_user.role,
           api_user.student_id, api_user.staff_id, staff.campus_id
    FROM api_user
    LEFT JOIN staff ON staff.staff_id = api_user.staff_id
    WHERE api_user.active
"""


def get_active_user(db: Reader, user_name: str) -> Row | None:
    """Return an active user, with the campus of a member of staff; None if there is none.

    The name must match exactly. The column's collation ignores case, accents and trailing spaces,
    and the rate limit for wrong passwords would count each variant of a name separately.
    """
    user = db.fetch_one(f"{ACTIVE_USER} AND api_user.user_name = %s", (user_name,))
    return user if user and user["user_name"] == user_name else None


def get_active_user_by_id(db: Reader, api_user_id: int) -> Row | None:
    """Return an active user by key; None if there is none."""
    return db.fetch_one(f"{ACTIVE_USER} AND api_user.api_user_id = %s", (api_user_id,))


def insert_user(tx: Transaction, user: dict[str, Any]) -> None:
    """Store a new user."""
    tx.execute(
        """
        INSERT INTO api_user (user_name, password_hash, role, staff_id, student_id)
        VALUES (%(user_name)s, %(password_hash)s, %(role)s, %(staff_id)s, %(student_id)s)
        """,
        user,
    )


def replace_password_hash(tx: Transaction, api_user_id: int, old: str, new: str) -> bool:
    """Replace the hash of an active user if it is still `old`; return whether it was.

    The user's row is written even if `new` equals `old`: until the end of the transaction, the
    password cannot be changed and the user cannot be deactivated, not even on another node of a
    cluster, where the lock on the row does not exist.
    """
    matched = tx.execute(
        """
        UPDATE api_user SET password_hash = %s, version = version + 1
        WHERE api_user_id = %s AND password_hash = %s AND active
        """,
        (new, api_user_id, old),
    )
    return matched == 1


def lock_user_by_name(tx: Transaction, user_name: str) -> int | None:
    """Lock the row of a user, active or not, and return the key; None if there is none."""
    row = tx.fetch_one(
        "SELECT api_user_id FROM api_user WHERE user_name = %s FOR UPDATE", (user_name,)
    )
    return int(row["api_user_id"]) if row else None


def set_password_hash(tx: Transaction, api_user_id: int, password_hash: str) -> None:
    """Store a password hash unconditionally."""
    tx.execute(
        "UPDATE api_user SET password_hash = %s WHERE api_user_id = %s",
        (password_hash, api_user_id),
    )


def set_active(tx: Transaction, api_user_id: int, *, active: bool) -> None:
    """Activate or deactivate a user."""
    tx.execute("UPDATE api_user SET active = %s WHERE api_user_id = %s", (active, api_user_id))
