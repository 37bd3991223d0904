"""HTTP resources for courses, their subjects and their teachers."""

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
    """The collection of courses."""

    @operation(roles=ANY_ROLE, query=CoursePage, response=PageOf[CourseAnswer])
    def get(self, query: CoursePage) -> Response:
        """List courses."""
        return crud.list_page(queries, query)

    @operation(
        roles=ADMIN, body=CourseBody, response=CourseAnswer, status=201, idempotency_key=True
    )
    def post(self, body: CourseBody) -> Response:
        """Create a course.

        Staff may only create courses they teach.
        """
        return crud.create(queries, "/v1/courses", body)


class Course(Resource):  # type: ignore[misc]
    """A single course."""

    @operation(roles=ANY_ROLE, query=CourseView, response=CourseAnswer)
    def get(self, course_id: int, query: CourseView) -> Response:
        """Get a course."""
        return crud.read(queries, course_id, query)

    @operation(roles=STAFF, body=CourseBody, response=CourseAnswer, conditional=True)
    def put(self, course_id: int, body: CourseBody) -> Response:
        """Replace a course.

        Staff may only replace courses they teach.
        """
        return crud.replace(queries, course_id, body)

    @operation(roles=STAFF, patch=CourseBody, response=CourseAnswer, conditional=True)
    def patch(self, course_id: int, changes: dict[str, Any]) -> Response:
        """Update a course.

        Staff may only update courses they teach.
        """
        return crud.patch(queries, course_id, changes, CourseBody)

    @operation(roles=ADMIN, status=204, conditional=True)
    def delete(self, course_id: int) -> Response:
        """Delete a course.

        The response is 409 if it has chapters or enrollments.
        """
        return crud.delete(queries, course_id)


class CourseSubject(Resource):  # type: ignore[misc]
    """The link between a course and a subject."""

    @operation(roles=ADMIN, status=204)
    def put(self, course_id: int, subject_id: int) -> Response:
        """Add a course to a subject.

        The response is 204 if the course already belongs to the subject.
        """
        return links.add(lambda tx: queries.add_subject(tx, course_id, subject_id))

    @operation(roles=ADMIN, status=204)
    def delete(self, course_id: int, subject_id: int) -> Response:
        """Remove a course from a subject."""
        return links.remove(lambda tx: queries.remove_subject(tx, course_id, subject_id))


class CourseStaff(Resource):  # type: ignore[misc]
    """The link between a course and a member of staff who teaches it."""

    @operation(roles=ADMIN, status=204)
    def put(self, course_id: int, staff_id: int) -> Response:
        """Add a teacher to a course.

        The response is 204 if the member of staff already teaches the course.
        """
        return links.add(lambda tx: queries.add_staff(tx, course_id, staff_id))

    @operation(roles=ADMIN, status=204)
    def delete(self, course_id: int, staff_id: int) -> Response:
        """Remove a teacher from a course."""
        return links.remove(lambda tx: queries.remove_staff(tx, course_id, staff_id))
