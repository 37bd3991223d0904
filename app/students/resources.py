"""Students over HTTP."""

from flask import Response

from app.auth.caller import ANYBODY, STAFF
from app.auth.guard import caller
from app.db.transaction import Row, Transaction
from app.http.operation import operation
from app.http.paging import page_of
from app.http.problems import Problem, not_found
from app.http.restful import Resource, answer
from app.http.state import database
from app.students import queries
from app.students.schemas import NewStudent, StudentPage


class Students(Resource):  # type: ignore[misc]
    """All students that the caller may see."""

    @operation(roles=ANYBODY, query=StudentPage)
    def get(self, query: StudentPage) -> Response:
        """List them, a page at a time."""
        rows = queries.list_page(
            database(), caller(), query.filters(), after=query.after(), limit=query.limit
        )
        return answer(page_of(rows, query, key="student_id"))

    @operation(roles=STAFF, body=NewStudent)
    def post(self, body: NewStudent) -> Response:
        """Add a student; staff only to their own campus."""
        me = caller()
        if me.role == "staff" and body.campus_id != me.campus_id:
            raise Problem(403, "Staff add students to their own campus.")

        def create(tx: Transaction) -> Row | None:
            return queries.get(tx, me, queries.insert(tx, body.model_dump()))

        student = database().run(create)
        if student is None:
            raise not_found("student")
        return answer(student, 201, Location=f"/v1/students/{student['student_id']}")


class Student(Resource):  # type: ignore[misc]
    """One student."""

    @operation(roles=ANYBODY)
    def get(self, student_id: int) -> Response:
        """Read one."""
        student = queries.get(database(), caller(), student_id)
        if student is None:
            raise not_found("student")
        return answer(student)
