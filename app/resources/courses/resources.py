"""Courses over HTTP, their subjects, and who teaches them."""

from typing import Any

from flask import Response

from app.http import crud, links
from app.http.api import Resource
from app.http.caller import ADMIN, ANY_ROLE, STAFF
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.courses import queries
from app.resources.courses.schemas import Course as CourseAnswer
from app.resources.courses.schemas import CourseBody, CoursePage, CourseView


class Courses(Resource):  # type: ignore[misc]
    """All courses."""

    @operation(roles=ANY_ROLE, query=CoursePage, response=PageOf[CourseAnswer])
    def get(self, query: CoursePage) -> Response:
        """List courses, a page at a time."""
        return crud.list_page(queries, query)

    @operation(
        roles=ADMIN, body=CourseBody, response=CourseAnswer, status=201, idempotency_key=True
    )
    def post(self, body: CourseBody) -> Response:
        """Add a course."""
        return crud.create(queries, "/v1/courses", body)


class Course(Resource):  # type: ignore[misc]
    """One course."""

    @operation(roles=ANY_ROLE, query=CourseView, response=CourseAnswer)
    def get(self, course_id: int, query: CourseView) -> Response:
        """Read a course."""
        return crud.read(queries, course_id, query)

    @operation(roles=STAFF, body=CourseBody, response=CourseAnswer, conditional=True)
    def put(self, course_id: int, body: CourseBody) -> Response:
        """Replace a course; staff only what they teach."""
        return crud.replace(queries, course_id, body)

    @operation(roles=STAFF, patch=CourseBody, response=CourseAnswer, conditional=True)
    def patch(self, course_id: int, changes: dict[str, Any]) -> Response:
        """Change parts of a course; staff only of what they teach."""
        return crud.patch(queries, course_id, changes, CourseBody)

    @operation(roles=ADMIN, status=204, conditional=True)
    def delete(self, course_id: int) -> Response:
        """Delete a course without chapters that nobody is enrolled in."""
        return crud.delete(queries, course_id)


class CourseSubject(Resource):  # type: ignore[misc]
    """That a course belongs to a subject."""

    @operation(roles=ADMIN, status=204)
    def put(self, course_id: int, subject_id: int) -> Response:
        """Add a course to a subject; it may belong to it already."""
        return links.add(lambda tx: queries.add_subject(tx, course_id, subject_id))

    @operation(roles=ADMIN, status=204)
    def delete(self, course_id: int, subject_id: int) -> Response:
        """Take a course out of a subject."""
        return links.remove(lambda tx: queries.remove_subject(tx, course_id, subject_id))


class CourseStaff(Resource):  # type: ignore[misc]
    """That somebody teaches a course."""

    @operation(roles=ADMIN, status=204)
    def put(self, course_id: int, staff_id: int) -> Response:
        """Let somebody teach a course; they may teach it already."""
        return links.add(lambda tx: queries.add_staff(tx, course_id, staff_id))

    @operation(roles=ADMIN, status=204)
    def delete(self, course_id: int, staff_id: int) -> Response:
        """Let somebody teach a course no longer."""
        return links.remove(lambda tx: queries.remove_staff(tx, course_id, staff_id))
