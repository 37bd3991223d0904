"""SQL for members of staff."""

from typing import Any

from app.db.errors import DuplicateKey, MissingReference
from app.db.transaction import Transaction
from app.http.caller import Caller
from app.resources.addresses import queries as addresses
from app.resources.staff.schemas import Staff
from app.sql.conditions import ALL_ROWS, NO_ROWS, Condition, equals
from app.sql.filters import FullText, Lookup
from app.sql.select import Select, ToMany, ToOne

SELECT = Select(
    Staff,
    table="staff",
    key="staff_id",
    join=addresses.join("staff"),
    embeds={
        "campus": ToOne("JOIN campus ON campus.campus_id = staff.campus_id"),
        "city": addresses.CITY,
        "courses": ToMany(
            "course_staff JOIN course ON course.course_id = course_staff.course_id"
            " WHERE course_staff.staff_id = staff.staff_id",
            table="course",
            order="course.title, course.course_id",
            list_url="/v1/courses?staff_id=",
        ),
    },
    filters={
        "course_id": Lookup(
            "(SELECT COUNT(*) FROM course_staff"
            " WHERE course_staff.course_id = %s AND course_staff.staff_id = staff.staff_id) = 1",
            keys="SELECT course_staff.staff_id FROM course_staff WHERE course_staff.course_id = %s",
        ),
        "q": FullText(
            ("staff.first_name", "staff.last_name", "staff.email"),
            keys="SELECT staff.staff_id FROM staff"
            " WHERE MATCH (staff.first_name, staff.last_name, staff.email) AGAINST",
        ),
    },
    indexes={
        "idx_unique_email": ("email",),
        "idx_last_name": ("last_name",),
        "idx_create_date": ("create_date",),
        "idx_fk_campus_id": ("campus_id",),
    },
)


def visible_to(caller: Caller) -> Condition:
    """Return the condition for members of staff the caller may see.

    Administrators: all; staff: those of their campus; students: none.
    """
    if caller.role == "admin":
        return ALL_ROWS
    if caller.role == "staff":
        return equals("staff", "campus_id", caller.campus_id)
    return NO_ROWS


def insert(tx: Transaction, staff: dict[str, Any]) -> int:
    """Insert a new member of staff with their address and return the key.

    Email address and campus are looked up first: there are 65,535 keys, and an insert that violates
    a constraint would use one up.
    """
    if tx.fetch_one("SELECT 1 FROM staff WHERE email = %s", (staff["email"],)):
        raise DuplicateKey.of("email")
    address_id = addresses.insert(tx, staff["address"])
    stored = tx.execute(
        """
        INSERT INTO staff (campus_id, address_id, first_name, last_name, email, active)
        SELECT campus.campus_id, %(address_id)s, %(first_name)s, %(last_name)s, %(email)s,
               %(active)s
        FROM campus WHERE campus.campus_id = %(campus_id)s
        """,
        {**addresses.flatten(staff), "address_id": address_id},
    )
    if not stored:
        raise MissingReference.of("campus_id")
    return tx.last_row_id


def update(tx: Transaction, staff_id: int, staff: dict[str, Any]) -> None:
    """Update a member of staff and their address in one statement."""
    tx.execute(
        f"""
        UPDATE staff {addresses.join("staff")}
        SET staff.campus_id = %(campus_id)s, staff.first_name = %(first_name)s,
            staff.last_name = %(last_name)s, staff.email = %(email)s,
            staff.active = %(active)s, {addresses.SET}
        WHERE staff.staff_id = %(staff_id)s
        """,  # noqa: S608 - constants of the addresses module
        {**addresses.flatten(staff), "staff_id": staff_id},
    )


def delete(tx: Transaction, staff_id: int) -> None:
    """Delete a member of staff and their address."""
    addresses.delete_with_owner(tx, "staff", staff_id)
