"""HTTP resources for students."""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE, STAFF
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.students import queries
from app.resources.students.schemas import Student as StudentAnswer
from app.resources.students.schemas import StudentBody, StudentPage, StudentView


class Students(Resource):  # type: ignore[misc]
    """The collection of students."""

    @operation(roles=ANY_ROLE, query=StudentPage, response=PageOf[StudentAnswer])
    def get(self, query: StudentPage) -> Response:
        """List students.

        Staff see the students of their own campus; students see only themselves.
        """
        return crud.list_page(queries, query)

    @operation(
        roles=STAFF, body=StudentBody, response=StudentAnswer, status=201, idempotency_key=True
    )
    def post(self, body: StudentBody) -> Response:
        """Create a student.

        Staff may only create students of their own campus.
        """
        return crud.create(queries, "/v1/students", body)


class Student(Resource):  # type: ignore[misc]
    """A single student."""

    @operation(roles=ANY_ROLE, query=StudentView, response=StudentAnswer)
    def get(self, student_id: int, query: StudentView) -> Response:
        """Get a student."""
        return crud.read(queries, student_id, query)

    @operation(roles=STAFF, body=StudentBody, response=StudentAnswer, conditional=True)
    def put(self, student_id: int, body: StudentBody) -> Response:
        """Replace a student.

        Staff may only replace students of their own campus.
        """
        return crud.replace(queries, student_id, body)

    @operation(roles=STAFF, patch=StudentBody, response=StudentAnswer, conditional=True)
    def patch(self, student_id: int, changes: dict[str, Any]) -> Response:
        """Update a student.

        Staff may only update students of their own campus.
        """
        return crud.patch(queries, student_id, changes, StudentBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, student_id: int) -> Response:
        """Delete a student.

        Staff may only delete students of their own campus. The response is 409 if they have
        enrollments or are a user of the API.
        """
        return crud.delete(queries, student_id)
