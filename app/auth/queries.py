"""SQL on the users of this service; their refresh tokens are in `sessions`."""

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
    """Find a user who may sign in, with the campus of a member of staff.

    The name is taken as it was stored. The collation knows many spellings of one name (case,
    accents, spaces at the end), and each would be counted by itself when guesses are limited.
    """
    user = db.fetch_one(f"{ACTIVE_USER} AND api_user.user_name = %s", (user_name,))
    return user if user and user["user_name"] == user_name else None


def get_active_user_by_id(db: Reader, api_user_id: int) -> Row | None:
    """Find a user who may still sign in."""
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
    """Store a hash if the old one still stands and the user is active; say whether it was so.

    With `new` equal to `old` it changes nothing, but locks the user's row all the same: until
    the end of the unit nobody changes the password or deactivates the user.
    """
    matched = tx.execute(
        """
        UPDATE api_user SET password_hash = %s
        WHERE api_user_id = %s AND password_hash = %s AND active
        """,
        (new, api_user_id, old),
    )
    return matched == 1


def lock_user_named(tx: Transaction, user_name: str) -> int | None:
    """Find any user, active or not, and lock the row."""
    row = tx.fetch_one(
        "SELECT api_user_id FROM api_user WHERE user_name = %s FOR UPDATE", (user_name,)
    )
    return int(row["api_user_id"]) if row else None


def set_password_hash(tx: Transaction, api_user_id: int, password_hash: str) -> None:
    """Store a hash, whatever the old one was."""
    tx.execute(
        "UPDATE api_user SET password_hash = %s WHERE api_user_id = %s",
        (password_hash, api_user_id),
    )


def set_active(tx: Transaction, api_user_id: int, *, active: bool) -> None:
    """Let a user sign in, or no longer."""
    tx.execute("UPDATE api_user SET active = %s WHERE api_user_id = %s", (active, api_user_id))
