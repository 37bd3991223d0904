"""SQL for enrollments."""

from typing import Any

from app.db.errors import DuplicateKey, MissingReference
from app.db.transaction import Transaction
from app.http.caller import Caller, caller
from app.resources.enrollments.schemas import Enrollment
from app.resources.students import queries as students
from app.sql.conditions import ALL_ROWS, NO_ROWS, Condition, KeyQuery, equals
from app.sql.filters import Check
from app.sql.select import Select, ToMany, ToOne

SELECT = Select(
    Enrollment,
    table="enrollment",
    key="enrollment_id",
    embeds={
        "student": ToOne("LEFT JOIN student ON student.student_id = enrollment.student_id"),
        "course": ToOne("LEFT JOIN course ON course.course_id = enrollment.course_id"),
        "attempts": ToMany(
            "attempt WHERE attempt.enrollment_id = enrollment.enrollment_id",
            table="attempt",
            order="attempt.attempt_id",
            list_url="/v1/attempts?enrollment_id=",
        ),
    },
    filters={"completed": Check("(enrollment.completion_date IS NOT NULL) = %s")},
    indexes={
        "idx_unique_student_id_course_id": ("student_id", "course_id"),
        "idx_course_id_enrollment_date": ("course_id", "enrollment_date"),
        "idx_fk_course_id": ("course_id",),
        "idx_enrollment_date": ("enrollment_date",),
    },
)

# Scalar subqueries: with a join, the server could read all students of the campus first, and the
# cost of a page would grow with their number.
OF_CAMPUS_OR_TAUGHT = """(
    (SELECT student.campus_id FROM student
     WHERE student.student_id = enrollment.student_id) = %s
    OR (SELECT COUNT(*) FROM course_staff
        WHERE course_staff.course_id = enrollment.course_id AND course_staff.staff_id = %s) = 1
)"""


def keys_of_campus_or_taught(key: str, join: str = "") -> str:
    """Return the key query for what staff see of enrollments, or of rows that `join` joins."""
    return f"""
        (SELECT {key} FROM student
         LEFT JOIN enrollment ON enrollment.student_id = student.student_id {join}
         WHERE student.campus_id = %s LIMIT {{limit}})
        UNION ALL
        (SELECT {key} FROM course_staff
         LEFT JOIN enrollment ON enrollment.course_id = course_staff.course_id {join}
         WHERE course_staff.staff_id = %s LIMIT {{limit}})
    """  # noqa: S608 - constants of query modules


KEYS = keys_of_campus_or_taught("enrollment.enrollment_id")


def visible_to(caller: Caller) -> Condition:
    """Return the condition for enrollments the caller may see.

    Administrators: all; staff: those of students of their campus and in courses they teach;
    students: their own.
    """
    if caller.role == "admin":
        return ALL_ROWS
    if caller.role == "staff":
        params = (caller.campus_id, caller.staff_id)
        keys = KeyQuery(KEYS, params)
        return Condition(OF_CAMPUS_OR_TAUGHT, params, keys=keys, is_selective=False)
    return equals("enrollment", "student_id", caller.student_id)


def writable_by(caller: Caller) -> Condition:
    """Return the enrollments that a caller may write: those they may see; none for students."""
    return NO_ROWS if caller.role == "student" else visible_to(caller)


def insert(tx: Transaction, enrollment: dict[str, Any]) -> int:
    """Insert a new enrollment of a student the caller may see, and return its key.

    The student is looked up in the same statement, so that a hidden one causes neither a key nor
    a violated constraint. Raises `MissingReference` alike if it is hidden and if it does not exist.
    """
    visible = students.visible_to(caller())
    try:
        stored = tx.execute(
            f"""
            INSERT INTO enrollment (student_id, course_id, enrollment_date)
            SELECT student.student_id, course.course_id, COALESCE(%s, NOW())
            FROM student JOIN course ON course.course_id = %s
            WHERE student.student_id = %s AND {visible.sql}
            """,  # noqa: S608 - a constant of the students module
            (
                enrollment["enrollment_date"],
                enrollment["course_id"],
                enrollment["student_id"],
                *visible.params,
            ),
        )
    except DuplicateKey as error:
        error.column = "course_id"  # the unique key is (student_id, course_id)
        raise
    if not stored:
        raise _missing_reference(tx, enrollment["student_id"])
    return tx.last_row_id


def update(tx: Transaction, enrollment_id: int, enrollment: dict[str, Any]) -> None:
    """Update the dates of an enrollment."""
    tx.execute(
        """
        UPDATE enrollment
        SET enrollment_date = %(enrollment_date)s, completion_date = %(completion_date)s
        WHERE enrollment_id = %(enrollment_id)s
        """,
        {**enrollment, "enrollment_id": enrollment_id},
    )


def delete(tx: Transaction, enrollment_id: int) -> None:
    """Delete an enrollment; a foreign key prevents it while there are attempts."""
    tx.execute("DELETE FROM enrollment WHERE enrollment_id = %s", (enrollment_id,))


def _missing_reference(tx: Transaction, student_id: int) -> MissingReference:
    """Return the error that names the row that is missing or hidden: the student or the course."""
    found = students.SELECT.contains(tx, student_id, students.visible_to(caller()))
    return MissingReference.of("course_id" if found else "student_id")
