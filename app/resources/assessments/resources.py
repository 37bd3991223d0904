"""HTTP resources for assessments."""

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
        """List the assessments of a chapter."""
        return crud.list_children(chapters, chapter_id, queries, query)

    @operation(
        roles=STAFF,
        body=AssessmentBody,
        response=AssessmentAnswer,
        status=201,
        idempotency_key=True,
    )
    def post(self, chapter_id: int, body: AssessmentBody) -> Response:
        """Create an assessment in a chapter.

        Staff may only create assessments in courses they teach.
        """
        return crud.create(queries, "/v1/assessments", body, chapter_id=chapter_id)


class Assessments(Resource):  # type: ignore[misc]
    """The collection of assessments."""

    @operation(roles=ANY_ROLE, query=AssessmentPage, response=PageOf[AssessmentAnswer])
    def get(self, query: AssessmentPage) -> Response:
        """List assessments."""
        return crud.list_page(queries, query)


class Assessment(Resource):  # type: ignore[misc]
    """A single assessment."""

    @operation(roles=ANY_ROLE, query=AssessmentView, response=AssessmentAnswer)
    def get(self, assessment_id: int, query: AssessmentView) -> Response:
        """Get an assessment."""
        return crud.read(queries, assessment_id, query)

    @operation(roles=STAFF, body=AssessmentBody, response=AssessmentAnswer, conditional=True)
    def put(self, assessment_id: int, body: AssessmentBody) -> Response:
        """Replace an assessment.

        Staff may only replace assessments of courses they teach.
        """
        return crud.replace(queries, assessment_id, body)

    @operation(roles=STAFF, patch=AssessmentBody, response=AssessmentAnswer, conditional=True)
    def patch(self, assessment_id: int, changes: dict[str, Any]) -> Response:
        """Update an assessment.

        Staff may only update assessments of courses they teach.
        """
        return crud.patch(queries, assessment_id, changes, AssessmentBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, assessment_id: int) -> Response:
        """Delete an assessment.

        Staff may only delete assessments of courses they teach. The response is 409 if it has
        attempts.
        """
        return crud.delete(queries, assessment_id)
