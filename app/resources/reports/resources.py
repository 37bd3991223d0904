"""HTTP resources for reports."""

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE, STAFF, caller
from app.http.consistency import reader
from app.http.operation import operation
from app.http.paging import PageOf, View
from app.http.preconditions import etag_response
from app.http.problems import Problem, not_found
from app.resources.reports import averages, course_results, queries
from app.resources.reports.schemas import CourseResults as CourseResultsAnswer
from app.resources.reports.schemas import (
    CourseResultsPage,
    CourseResultsView,
    Honors,
    HonorsPage,
    Progress,
    ProgressQuery,
    StudentAverage,
)
from app.resources.students import queries as students
from app.sql.conditions import Condition

MAX_CHAPTERS = 1000  # about 300 KB; a course has at most 255


class StudentProgress(Resource):  # type: ignore[misc]
    """The progress of a student."""

    @operation(roles=ANY_ROLE, query=ProgressQuery, response=Progress)
    def get(self, student_id: int, query: ProgressQuery) -> Response:
        """Get the progress of a student, by chapter.

        If there are more than 1,000 chapters, the response is 422: get them by `course_id`.
        """
        filters = query.model_dump(exclude_unset=True)
        limit = MAX_CHAPTERS + 1
        chapters = queries.progress(reader(), caller(), student_id, filters, limit=limit)
        if chapters is None:
            raise not_found("student")
        if len(chapters) > MAX_CHAPTERS:
            raise Problem(
                422,
                f"There are more than {MAX_CHAPTERS:,} chapters; get them by course, with "
                "course_id=.",
                kind="response-too-long",
            )
        return etag_response('{"items":[' + ",".join(chapters) + "]}")


class Average(Resource):  # type: ignore[misc]
    """The average score of a student."""

    @operation(roles=ANY_ROLE, response=StudentAverage)
    def get(self, student_id: int) -> Response:
        """Get the average of a student.

        It is the mean of the best scores in each attempted assessment.
        """
        return crud.read(averages, student_id, View())


class CoursesResults(Resource):  # type: ignore[misc]
    """The results of courses."""

    @operation(roles=STAFF, query=CourseResultsPage, response=PageOf[CourseResultsAnswer])
    def get(self, query: CourseResultsPage) -> Response:
        """List the results of courses.

        Staff see the results of courses they teach.
        """
        return crud.list_page(course_results, query)


class CourseResults(Resource):  # type: ignore[misc]
    """The results of a single course."""

    @operation(roles=STAFF, query=CourseResultsView, response=CourseResultsAnswer)
    def get(self, course_id: int, query: CourseResultsView) -> Response:
        """Get the results of a course.

        Staff may only get the results of courses they teach.
        """
        return crud.read(course_results, course_id, query)


class HonorsReport(Resource):  # type: ignore[misc]
    """Students with a high average score."""

    @operation(roles=STAFF, query=HonorsPage, response=PageOf[Honors])
    def get(self, query: HonorsPage) -> Response:
        """List students who earned honors, sorted by key.

        `limit` is the number of students examined for each page, so a page may contain fewer or
        no items and still have a `next` link. Staff see the students of their own campus.
        """
        visible = students.visible_to(caller())
        if query.campus_id is not None:
            visible &= Condition("student.campus_id = %s", (query.campus_id,))
        earned = Condition(
            "honors.average_score >= %s AND honors.attempts >= %s",
            (query.min_average, query.min_attempts),
        )
        found = queries.honors(reader(), visible, earned, query.window())
        return crud.page_response(found, query)
