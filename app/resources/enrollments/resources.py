"""HTTP resources for enrollments."""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE, STAFF
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.enrollments import queries
from app.resources.enrollments.schemas import Enrollment as EnrollmentAnswer
from app.resources.enrollments.schemas import (
    EnrollmentBody,
    EnrollmentPage,
    EnrollmentView,
    NewEnrollment,
)


class Enrollments(Resource):  # type: ignore[misc]
    """The collection of enrollments."""

    @operation(roles=ANY_ROLE, query=EnrollmentPage, response=PageOf[EnrollmentAnswer])
    def get(self, query: EnrollmentPage) -> Response:
        """List enrollments.

        Staff see enrollments of students of their own campus and in courses they teach; students
        see only their own.
        """
        return crud.list_page(queries, query)

    @operation(
        roles=STAFF, body=NewEnrollment, response=EnrollmentAnswer, status=201, idempotency_key=True
    )
    def post(self, body: NewEnrollment) -> Response:
        """Enroll a student in a course.

        Staff may only enroll students of their own campus.
        """
        return crud.create(queries, "/v1/enrollments", body)


class Enrollment(Resource):  # type: ignore[misc]
    """A single enrollment."""

    @operation(roles=ANY_ROLE, query=EnrollmentView, response=EnrollmentAnswer)
    def get(self, enrollment_id: int, query: EnrollmentView) -> Response:
        """Get an enrollment."""
        return crud.read(queries, enrollment_id, query)

    @operation(roles=STAFF, body=EnrollmentBody, response=EnrollmentAnswer, conditional=True)
    def put(self, enrollment_id: int, body: EnrollmentBody) -> Response:
        """Replace an enrollment.

        Staff may only replace enrollments of students of their own campus or in courses they teach.
        """
        return crud.replace(queries, enrollment_id, body)

    @operation(roles=STAFF, patch=EnrollmentBody, response=EnrollmentAnswer, conditional=True)
    def patch(self, enrollment_id: int, changes: dict[str, Any]) -> Response:
        """Update an enrollment.

        Staff may only update enrollments of students of their own campus or in courses they teach.
        """
        return crud.patch(queries, enrollment_id, changes, EnrollmentBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, enrollment_id: int) -> Response:
        """Delete an enrollment.

        Staff may only delete enrollments of students of their own campus or in courses they teach.
        The response is 409 if it has attempts.
        """
        return crud.delete(queries, enrollment_id)
