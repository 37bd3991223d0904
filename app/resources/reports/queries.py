"""SQL for the reports."""

from typing import Any

from app.db.transaction import Reader
from app.http.caller import Caller
from app.resources.reports.schemas import ChapterProgress, Honors
from app.resources.students import queries as students
from app.sql.conditions import Condition
from app.sql.json_columns import json_of
from app.sql.rows import SelectedRow, Window


def progress(
    db: Reader, caller: Caller, student_id: int, filters: dict[str, Any], *, limit: int
) -> list[str] | None:
    """Return a student's progress in the first chapters, at most `limit`, each as JSON.

    Returns None if the student does not exist or is not visible to the caller. The key is passed
    to the view as a value and not as a column of the table: only then does MySQL push the
    condition down into the grouping and read the rows of this student only.
    """
    visible = students.visible_to(caller)
    where = visible & Condition(
        "student.student_id = %s AND chapter_progress.student_id = %s", (student_id, student_id)
    )
    for name, value in filters.items():
        where &= Condition(f"chapter_progress.{name} = %s", (value,))
    rows = db.fetch_all(
        f"""
        SELECT {json_of(ChapterProgress, "chapter_progress")} AS item
        FROM student JOIN chapter_progress
        WHERE {where.sql}
        ORDER BY chapter_progress.course_id, chapter_progress.chapter_number
        LIMIT %s
        """,  # noqa: S608 - constants of query modules; values are bound
        (*where.params, limit),
    )
    if not rows and students.SELECT.read_one(db, student_id, visible) is None:
        return None
    return [row["item"] for row in rows]


def honors(db: Reader, visible: Condition, earned: Condition, window: Window) -> list[SelectedRow]:
    """Return one row for each student in the window, sorted by key.

    The JSON is empty for students who did not earn honors. The cost therefore depends on the size
    of the window and not on the number of students found.
    """
    after = Condition("student.student_id > %s", window.after or (0,))
    where = visible & after
    rows = db.fetch_all(
        f"""
        SELECT IF({earned.sql}, {json_of(Honors, "honors")}, '') AS item, honors.student_id
        FROM (
            SELECT student.student_id, student.campus_id, student.first_name, student.last_name,
                   student.email, student_average(student.student_id) AS average_score,
                   (SELECT COUNT(*) FROM enrollment
                    JOIN attempt ON attempt.enrollment_id = enrollment.enrollment_id
                    WHERE enrollment.student_id = student.student_id) AS attempts
            FROM student WHERE {where.sql}
            ORDER BY student.student_id LIMIT %s
        ) AS honors
        ORDER BY honors.student_id
        """,  # noqa: S608
        (*earned.params, *where.params, window.limit),
    )
    return [SelectedRow(row["item"], (row["student_id"],)) for row in rows]
