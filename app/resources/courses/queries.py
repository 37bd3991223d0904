"""SQL for courses and their links to subjects and staff."""

from typing import Any

from app.db.transaction import Transaction
from app.http.caller import Caller
from app.resources.courses.schemas import Course
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.filters import FullText, Lookup
from app.sql.select import Select, ToMany

TAUGHT_BY = Lookup(
    "(SELECT COUNT(*) FROM course_staff"
    " WHERE course_staff.course_id = course.course_id AND course_staff.staff_id = %s) = 1",
    keys="SELECT course_staff.course_id FROM course_staff WHERE course_staff.staff_id = %s",
)

SELECT = Select(
    Course,
    table="course",
    key="course_id",
    embeds={
        "subjects": ToMany(
            "course_subject JOIN subject ON subject.subject_id = course_subject.subject_id"
            " WHERE course_subject.course_id = course.course_id",
            table="subject",
            order="subject.name",
            list_url="/v1/subjects?course_id=",
        ),
        "staff": ToMany(
            "course_staff JOIN staff ON staff.staff_id = course_staff.staff_id"
            " WHERE course_staff.course_id = course.course_id",
            table="staff",
            order="staff.last_name, staff.staff_id",
            list_url="/v1/staff?course_id=",
        ),
        "chapters": ToMany(
            "chapter WHERE chapter.course_id = course.course_id",
            table="chapter",
            order="chapter.chapter_number",
            list_url="/v1/chapters?course_id=",
        ),
    },
    filters={
        "subject_id": Lookup(
            "(SELECT COUNT(*) FROM course_subject WHERE course_subject.course_id = course.course_id"
            " AND course_subject.subject_id = %s) = 1",
            keys="SELECT course_subject.course_id FROM course_subject"
            " WHERE course_subject.subject_id = %s",
        ),
        "staff_id": TAUGHT_BY,
        "q": FullText(
            ("course.title", "course.description"),
            keys="SELECT course_text.course_id FROM course_text"
            " WHERE MATCH (course_text.title, course_text.description) AGAINST",
        ),
    },
    indexes={"idx_title": ("title",), "idx_credits": ("credits",)},
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for courses the caller may see: all."""
    return ALL_ROWS


def unlisted_for(caller: Caller) -> tuple[str, ...]:
    """Return the embedded resources without a link: students may not list members of staff."""
    return ("staff",) if caller.role == "student" else ()


def writable_by(caller: Caller) -> Condition:
    """Say which courses a caller may change: all, or those they teach."""
    return taught_by(caller, "course.course_id")


def taught_by(caller: Caller, course_id: str) -> Condition:
    """Return the condition that the caller is an admin or teaches the course."""
    if caller.role == "admin":
        return ALL_ROWS
    return Condition(
        "EXISTS (SELECT 1 FROM course_staff"  # noqa: S608 - the key is a constant of a query module
        f" WHERE course_staff.course_id = {course_id} AND course_staff.staff_id = %s)",
        (caller.staff_id,),  # NULL, which matches nothing, if the caller is a student
    )


def insert(tx: Transaction, course: dict[str, Any]) -> int:
    """Insert a new course and return its key."""
    tx.execute(
        """
        INSERT INTO course (title, description, level, credits)
        VALUES (%(title)s, %(description)s, %(level)s, %(credits)s)
        """,
        course,
    )
    return tx.last_row_id


def update(tx: Transaction, course_id: int, course: dict[str, Any]) -> None:
    """Update a course."""
    tx.execute(
        """
        UPDATE course
        SET title = %(title)s, description = %(description)s, level = %(level)s,
            credits = %(credits)s
        WHERE course_id = %(course_id)s
        """,
        {**course, "course_id": course_id},
    )


def delete(tx: Transaction, course_id: int) -> None:
    """Delete a course and its links to subjects and staff."""
    tx.execute("DELETE FROM course_subject WHERE course_id = %s", (course_id,))
    tx.execute("DELETE FROM course_staff WHERE course_id = %s", (course_id,))
    tx.execute("DELETE FROM course WHERE course_id = %s", (course_id,))


def add_subject(tx: Transaction, course_id: int, subject_id: int) -> None:
    """Add a course to a subject; an existing link is kept."""
    # Not INSERT IGNORE, which would also ignore a missing course or subject.
    tx.execute(
        """
        INSERT INTO course_subject (course_id, subject_id) VALUES (%s, %s)
        ON DUPLICATE KEY UPDATE subject_id = course_subject.subject_id
        """,
        (course_id, subject_id),
    )


def remove_subject(tx: Transaction, course_id: int, subject_id: int) -> int:
    """Remove a course from a subject and return the number of links deleted."""
    return tx.execute(
        "DELETE FROM course_subject WHERE course_id = %s AND subject_id = %s",
        (course_id, subject_id),
    )


def add_staff(tx: Transaction, course_id: int, staff_id: int) -> None:
    """Add a teacher to a course; an existing link is kept."""
    tx.execute(
        """
        INSERT INTO course_staff (course_id, staff_id) VALUES (%s, %s)
        ON DUPLICATE KEY UPDATE staff_id = course_staff.staff_id
        """,
        (course_id, staff_id),
    )


def remove_staff(tx: Transaction, course_id: int, staff_id: int) -> int:
    """Remove a teacher from a course and return the number of links deleted."""
    return tx.execute(
        "DELETE FROM course_staff WHERE course_id = %s AND staff_id = %s", (course_id, staff_id)
    )
