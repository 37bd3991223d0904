"""Assessments over HTTP: added and listed in their chapter, else by their own key."""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE, STAFF
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.assessments import queries
from app.resources.assessments.schemas import Assessment as AssessmentAnswer
from app.resources.assessments.schemas import (
    AssessmentBody,
    AssessmentPage,
    AssessmentView,
    ChapterAssessmentPage,
)
from app.resources.chapters import queries as chapters


class ChapterAssessments(Resource):  # type: ignore[misc]
    """The assessments of a chapter."""

    @operation(roles=ANY_ROLE, query=ChapterAssessmentPage, response=PageOf[AssessmentAnswer])
    def get(self, chapter_id: int, query: ChapterAssessmentPage) -> Response:
        """List the assessments of a chapter, a page at a time."""
        return crud.list_children(chapters, chapter_id, queries, query)

    @operation(
        roles=STAFF,
        body=AssessmentBody,
        response=AssessmentAnswer,
        status=201,
        idempotency_key=True,
    )
    def post(self, chapter_id: int, body: AssessmentBody) -> Response:
        """Add an assessment to a chapter; staff only to what they teach."""
        return crud.create(queries, "/v1/assessments", body, chapter_id=chapter_id)


class Assessments(Resource):  # type: ignore[misc]
    """The assessments of all chapters."""

    @operation(roles=ANY_ROLE, query=AssessmentPage, response=PageOf[AssessmentAnswer])
    def get(self, query: AssessmentPage) -> Response:
        """List assessments, a page at a time."""
        return crud.list_page(queries, query)


class Assessment(Resource):  # type: ignore[misc]
    """One assessment."""

    @operation(roles=ANY_ROLE, query=AssessmentView, response=AssessmentAnswer)
    def get(self, assessment_id: int, query: AssessmentView) -> Response:
        """Read an assessment."""
        return crud.read(queries, assessment_id, query)

    @operation(roles=STAFF, body=AssessmentBody, response=AssessmentAnswer, conditional=True)
    def put(self, assessment_id: int, body: AssessmentBody) -> Response:
        """Replace an assessment; staff only of what they teach."""
        return crud.replace(queries, assessment_id, body)

    @operation(roles=STAFF, patch=AssessmentBody, response=AssessmentAnswer, conditional=True)
    def patch(self, assessment_id: int, changes: dict[str, Any]) -> Response:
        """Change parts of an assessment; staff only of what they teach."""
        return crud.patch(queries, assessment_id, changes, AssessmentBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, assessment_id: int) -> Response:
        """Delete an assessment without attempts; staff only of what they teach."""
        return crud.delete(queries, assessment_id)
