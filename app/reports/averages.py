"""SQL on the averages of students."""

from app.db.select import Select
from app.reports.schemas import StudentAverage
from app.students.queries import visible_to

__all__ = ["SELECT", "visible_to"]

SELECT = Select(
    StudentAverage,
    table="student",
    key="student_id",
    columns={"average_score": "student_average(student.student_id)"},
)
