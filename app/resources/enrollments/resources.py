"""Enrollments over HTTP."""

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
    """All enrollments that the caller may see."""

    @operation(roles=ANY_ROLE, query=EnrollmentPage, response=PageOf[EnrollmentAnswer])
    def get(self, query: EnrollmentPage) -> Response:
        """List enrollments, a page at a time."""
        return crud.list_page(queries, query)

    @operation(
        roles=STAFF, body=NewEnrollment, response=EnrollmentAnswer, status=201, idempotency_key=True
    )
    def post(self, body: NewEnrollment) -> Response:
        """Enroll a student in a course; staff one of their campus, or in a course they teach."""
        return crud.create(queries, "/v1/enrollments", body)


class Enrollment(Resource):  # type: ignore[misc]
    """One enrollment."""

    @operation(roles=ANY_ROLE, query=EnrollmentView, response=EnrollmentAnswer)
    def get(self, enrollment_id: int, query: EnrollmentView) -> Response:
        """Read an enrollment."""
        return crud.read(queries, enrollment_id, query)

    @operation(roles=STAFF, body=EnrollmentBody, response=EnrollmentAnswer, conditional=True)
    def put(self, enrollment_id: int, body: EnrollmentBody) -> Response:
        """Replace the dates of an enrollment."""
        return crud.replace(queries, enrollment_id, body)

    @operation(roles=STAFF, patch=EnrollmentBody, response=EnrollmentAnswer, conditional=True)
    def patch(self, enrollment_id: int, changes: dict[str, Any]) -> Response:
        """Change a date of an enrollment: a `completion_date` completes it."""
        return crud.patch(queries, enrollment_id, changes, EnrollmentBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, enrollment_id: int) -> Response:
        """Drop a course that nothing was attempted in."""
        return crud.delete(queries, enrollment_id)
