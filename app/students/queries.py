"""SQL on students."""

from typing import Any

from app.addresses import queries as addresses
from app.auth.caller import Caller
from app.db.select import EVERYTHING, Condition, One, Select
from app.db.transaction import Transaction
from app.students.schemas import Student

SELECT = Select(
    Student,
    table="student",
    key="student_id",
    join=addresses.join("student"),
    embeds={
        "campus": One("LEFT JOIN campus ON campus.campus_id = student.campus_id"),
        "city": addresses.CITY,
    },
    filters={
        "q": "MATCH (student.first_name, student.last_name, student.email)"
        " AGAINST (%s IN BOOLEAN MODE)",
    },
)


def visible_to(caller: Caller) -> Condition:
    """Say which students a caller may see: all, those of their campus, or themselves."""
    if caller.role == "admin":
        return EVERYTHING
    if caller.role == "staff":
        return Condition("student.campus_id = %s", (caller.campus_id,))
    return Condition("student.student_id = %s", (caller.student_id,))


# Students have no writing operation, so who may see may write.
writable_by = visible_to


def insert(tx: Transaction, student: dict[str, Any]) -> int:
    """Store a new student with their address; returns the key."""
    address_id = addresses.insert(tx, student["address"])
    tx.execute(
        """
        INSERT INTO student (campus_id, address_id, first_name, last_name, email, active)
        VALUES (%(campus_id)s, %(address_id)s, %(first_name)s, %(last_name)s, %(email)s, %(active)s)
        """,
        {**addresses.flat(student), "address_id": address_id},
    )
    return tx.last_row_id


def update(tx: Transaction, student_id: int, student: dict[str, Any]) -> None:
    """Change a student and their address, in one statement."""
    tx.execute(
        f"""
        UPDATE student {addresses.join("student")}
        SET student.campus_id = %(campus_id)s, student.first_name = %(first_name)s,
            student.last_name = %(last_name)s, student.email = %(email)s,
            student.active = %(active)s, {addresses.SET}
        WHERE student.student_id = %(student_id)s
        """,  # noqa: S608 - constants of the addresses' module
        {**addresses.flat(student), "student_id": student_id},
    )


def delete(tx: Transaction, student_id: int) -> None:
    """Delete a student and their address."""
    addresses.delete_with(tx, "student", student_id)
