"""HTTP resources for chapters."""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE, STAFF
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.chapters import queries
from app.resources.chapters.schemas import Chapter as ChapterAnswer
from app.resources.chapters.schemas import ChapterBody, ChapterPage, ChapterView, CourseChapterPage
from app.resources.courses import queries as courses


class CourseChapters(Resource):  # type: ignore[misc]
    """The chapters of a course."""

    @operation(roles=ANY_ROLE, query=CourseChapterPage, response=PageOf[ChapterAnswer])
    def get(self, course_id: int, query: CourseChapterPage) -> Response:
        """List the chapters of a course.

        They are sorted by `chapter_number` unless `sort` is given.
        """
        return crud.list_children(courses, course_id, queries, query)

    @operation(
        roles=STAFF, body=ChapterBody, response=ChapterAnswer, status=201, idempotency_key=True
    )
    def post(self, course_id: int, body: ChapterBody) -> Response:
        """Create a chapter in a course.

        Staff may only create chapters in courses they teach.
        """
        return crud.create(queries, "/v1/chapters", body, course_id=course_id)


class Chapters(Resource):  # type: ignore[misc]
    """The collection of chapters."""

    @operation(roles=ANY_ROLE, query=ChapterPage, response=PageOf[ChapterAnswer])
    def get(self, query: ChapterPage) -> Response:
        """List chapters."""
        return crud.list_page(queries, query)


class Chapter(Resource):  # type: ignore[misc]
    """A single chapter."""

    @operation(roles=ANY_ROLE, query=ChapterView, response=ChapterAnswer)
    def get(self, chapter_id: int, query: ChapterView) -> Response:
        """Get a chapter."""
        return crud.read(queries, chapter_id, query)

    @operation(roles=STAFF, body=ChapterBody, response=ChapterAnswer, conditional=True)
    def put(self, chapter_id: int, body: ChapterBody) -> Response:
        """Replace a chapter.

        Staff may only replace chapters of courses they teach.
        """
        return crud.replace(queries, chapter_id, body)

    @operation(roles=STAFF, patch=ChapterBody, response=ChapterAnswer, conditional=True)
    def patch(self, chapter_id: int, changes: dict[str, Any]) -> Response:
        """Update a chapter.

        Staff may only update chapters of courses they teach.
        """
        return crud.patch(queries, chapter_id, changes, ChapterBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, chapter_id: int) -> Response:
        """Delete a chapter.

        Staff may only delete chapters of courses they teach. The response is 409 if it has
        assessments.
        """
        return crud.delete(queries, chapter_id)
