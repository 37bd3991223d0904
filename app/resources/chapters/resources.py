"""Chapters over HTTP: added and listed in their course, else by their own key."""

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
        """List the chapters of a course in their order, a page at a time."""
        return crud.list_children(courses, course_id, queries, query)

    @operation(
        roles=STAFF, body=ChapterBody, response=ChapterAnswer, status=201, idempotency_key=True
    )
    def post(self, course_id: int, body: ChapterBody) -> Response:
        """Add a chapter to a course; staff only to what they teach."""
        return crud.create(queries, "/v1/chapters", body, course_id=course_id)


class Chapters(Resource):  # type: ignore[misc]
    """The chapters of all courses."""

    @operation(roles=ANY_ROLE, query=ChapterPage, response=PageOf[ChapterAnswer])
    def get(self, query: ChapterPage) -> Response:
        """List chapters, a page at a time."""
        return crud.list_page(queries, query)


class Chapter(Resource):  # type: ignore[misc]
    """One chapter."""

    @operation(roles=ANY_ROLE, query=ChapterView, response=ChapterAnswer)
    def get(self, chapter_id: int, query: ChapterView) -> Response:
        """Read a chapter."""
        return crud.read(queries, chapter_id, query)

    @operation(roles=STAFF, body=ChapterBody, response=ChapterAnswer, conditional=True)
    def put(self, chapter_id: int, body: ChapterBody) -> Response:
        """Replace a chapter; staff only of what they teach."""
        return crud.replace(queries, chapter_id, body)

    @operation(roles=STAFF, patch=ChapterBody, response=ChapterAnswer, conditional=True)
    def patch(self, chapter_id: int, changes: dict[str, Any]) -> Response:
        """Change parts of a chapter; staff only of what they teach."""
        return crud.patch(queries, chapter_id, changes, ChapterBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, chapter_id: int) -> Response:
        """Delete a chapter without assessments; staff only of what they teach."""
        return crud.delete(queries, chapter_id)
