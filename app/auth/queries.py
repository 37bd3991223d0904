"""SQL on the users of this service."""

from typing import Any

from app.db.transaction import Reader, Row, Transaction


def get_active_user(db: Reader, user_name: str) -> Row | None:
    """Find a user who may sign in, with the campus of a member of staff."""
    return db.fetch_one(
        """
        SELECT api_user.api_user_id, api_user.password_hash, api_user.role,
               api_user.student_id, api_user.staff_id, staff.campus_id
        FROM api_user
        LEFT JOIN staff ON staff.staff_id = api_user.staff_id
        WHERE api_user.user_name = %s AND api_user.active
        """,
        (user_name,),
    )


def insert_user(tx: Transaction, user: dict[str, Any]) -> None:
    """Store a new user."""
    tx.execute(
        """
        INSERT INTO api_user (user_name, password_hash, role, staff_id, student_id)
        VALUES (%(user_name)s, %(password_hash)s, %(role)s, %(staff_id)s, %(student_id)s)
        """,
        user,
    )
