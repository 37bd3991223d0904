"""SQL for students."""

from collections.abc import Sequence
from typing import Any

from app.db.transaction import Transaction
from app.http.caller import Caller
from app.resources.addresses import queries as addresses
from app.resources.students.schemas import Student
from app.sql.conditions import ALL_ROWS, NO_ROWS, Condition, equals
from app.sql.filters import FullText
from app.sql.select import Select, ToOne

SELECT = Select(
    Student,
    table="student",
    key="student_id",
    join=addresses.join("student"),
    embeds={
        "campus": ToOne("LEFT JOIN campus ON campus.campus_id = student.campus_id"),
        "city": addresses.CITY,
    },
    filters={
        "q": FullText(
            ("student.first_name", "student.last_name", "student.email"),
            keys="SELECT student.student_id FROM student"
            " WHERE MATCH (student.first_name, student.last_name, student.email) AGAINST",
        ),
    },
    indexes={
        "idx_unique_email": ("email",),
        "idx_campus_id_last_name": ("campus_id", "last_name"),
        "idx_campus_id_create_date": ("campus_id", "create_date"),
        "idx_fk_campus_id": ("campus_id",),
        "idx_last_name": ("last_name",),
        "idx_create_date": ("create_date",),
    },
)


def visible_to(caller: Caller) -> Condition:
    """Return the condition for students the caller may see.

    Administrators: all; staff: those of their campus; students: only themselves.
    """
    if caller.role == "admin":
        return ALL_ROWS
    if caller.role == "staff":
        return equals("student", "campus_id", caller.campus_id)
    return equals("student", "student_id", caller.student_id)


def writable_by(caller: Caller) -> Condition:
    """Return the students that a caller may write: all, those of their campus, or none."""
    return NO_ROWS if caller.role == "student" else visible_to(caller)


def insert_many(tx: Transaction, students: Sequence[dict[str, Any]]) -> None:
    """Insert new students with their addresses, in three statements; a single one in two."""
    keys = addresses.insert_many(tx, [student["address"] for student in students])
    names = ("campus_id", "first_name", "last_name", "email", "active", "create_date")
    row = "(%s, %s, %s, %s, %s, %s, COALESCE(%s, CURRENT_TIMESTAMP))"
    values: list[Any] = []
    for address_id, student in zip(keys, students, strict=True):
        values += (address_id, *(student.get(name) for name in names))
    tx.execute(
        f"""
        INSERT INTO student (address_id, {", ".join(names)})
        VALUES {", ".join([row] * len(students))}
        """,  # noqa: S608 - names defined here
        tuple(values),
    )


def insert(tx: Transaction, student: dict[str, Any]) -> int:
    """Insert a new student with their address and return the key."""
    insert_many(tx, [student])
    return tx.last_row_id


def with_emails(emails: Sequence[str]) -> Condition:
    """Return the condition for students with one of these email addresses."""
    placeholders = ", ".join(["%s"] * len(emails))
    return Condition(f"student.email IN ({placeholders})", tuple(emails))


def update(tx: Transaction, student_id: int, student: dict[str, Any]) -> None:
    """Update a student and their address in one statement."""
    tx.execute(
        f"""
        UPDATE student {addresses.join("student")}
        SET student.campus_id = %(campus_id)s, student.first_name = %(first_name)s,
            student.last_name = %(last_name)s, student.email = %(email)s,
            student.active = %(active)s, {addresses.SET}
        WHERE student.student_id = %(student_id)s
        """,  # noqa: S608 - constants of the addresses module
        {**addresses.flatten(student), "student_id": student_id},
    )


def delete(tx: Transaction, student_id: int) -> None:
    """Delete a student and their address."""
    addresses.delete_with_owner(tx, "student", student_id)
