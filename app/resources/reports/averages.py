"""SQL for the averages of students."""

from app.resources.reports.schemas import StudentAverage
from app.resources.students.queries import visible_to
from app.sql.select import Select

__all__ = ["SELECT", "visible_to"]

SELECT = Select(
    StudentAverage,
    table="student",
    key="student_id",
    columns={"average_score": "student_average(student.student_id)"},
)
