"""SQL on students."""

from typing import Any

from app.auth.caller import Caller
from app.db.transaction import Reader, Row, Transaction

COLUMNS = """student_id, campus_id, address_id, first_name, last_name, email, active,
             create_date, last_update"""


def list_page(
    db: Reader, caller: Caller, filters: dict[str, Any], *, after: int, limit: int
) -> list[Row]:
    """List the students after a key, one more than `limit` if there are more."""
    scope, scope_params = visible_to(caller)
    conditions = [f"student.{column} = %s" for column in filters]
    where = " AND ".join([scope, "student_id > %s", *conditions])
    # The columns are fields of StudentPage, the scope is one of three constants.
    return _typed(
        db.fetch_all(
            f"SELECT {COLUMNS} FROM student WHERE {where} ORDER BY student_id LIMIT %s",  # noqa: S608
            (*scope_params, after, *filters.values(), limit + 1),
        )
    )


def get(db: Reader, caller: Caller, student_id: int) -> Row | None:
    """Read one student, if this caller may see them."""
    scope, scope_params = visible_to(caller)
    rows = db.fetch_all(
        f"SELECT {COLUMNS} FROM student WHERE {scope} AND student_id = %s",  # noqa: S608
        (*scope_params, student_id),
    )
    return _typed(rows)[0] if rows else None


def insert(tx: Transaction, student: dict[str, Any]) -> int:
    """Store a new student; returns the key."""
    tx.execute(
        """
        INSERT INTO student (campus_id, address_id, first_name, last_name, email, active)
        VALUES (%(campus_id)s, %(address_id)s, %(first_name)s, %(last_name)s, %(email)s, %(active)s)
        """,
        student,
    )
    return tx.last_row_id


def visible_to(caller: Caller) -> tuple[str, tuple[int | None, ...]]:
    """Give the condition on `student` that hides what this caller may not see."""
    if caller.role == "admin":
        return "TRUE", ()
    if caller.role == "staff":
        return "student.campus_id = %s", (caller.campus_id,)
    return "student.student_id = %s", (caller.student_id,)


def _typed(rows: list[Row]) -> list[Row]:
    # BOOLEAN is TINYINT(1) to the server.
    return [{**row, "active": bool(row["active"])} for row in rows]
