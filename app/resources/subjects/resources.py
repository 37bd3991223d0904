"""HTTP resources for subjects."""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ADMIN, ANY_ROLE
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.subjects import queries
from app.resources.subjects.schemas import Subject as SubjectAnswer
from app.resources.subjects.schemas import SubjectBody, SubjectPage, SubjectView


class Subjects(Resource):  # type: ignore[misc]
    """The collection of subjects."""

    @operation(roles=ANY_ROLE, query=SubjectPage, response=PageOf[SubjectAnswer])
    def get(self, query: SubjectPage) -> Response:
        """List subjects."""
        return crud.list_page(queries, query)

    @operation(
        roles=ADMIN, body=SubjectBody, response=SubjectAnswer, status=201, idempotency_key=True
    )
    def post(self, body: SubjectBody) -> Response:
        """Create a subject."""
        return crud.create(queries, "/v1/subjects", body)


class Subject(Resource):  # type: ignore[misc]
    """A single subject."""

    @operation(roles=ANY_ROLE, query=SubjectView, response=SubjectAnswer)
    def get(self, subject_id: int, query: SubjectView) -> Response:
        """Get a subject."""
        return crud.read(queries, subject_id, query)

    @operation(roles=ADMIN, body=SubjectBody, response=SubjectAnswer, conditional=True)
    def put(self, subject_id: int, body: SubjectBody) -> Response:
        """Replace a subject."""
        return crud.replace(queries, subject_id, body)

    @operation(roles=ADMIN, patch=SubjectBody, response=SubjectAnswer, conditional=True)
    def patch(self, subject_id: int, changes: dict[str, Any]) -> Response:
        """Update a subject."""
        return crud.patch(queries, subject_id, changes, SubjectBody)

    @operation(roles=ADMIN, status=204, conditional=True)
    def delete(self, subject_id: int) -> Response:
        """Delete a subject.

        The response is 409 if it has courses.
        """
        return crud.delete(queries, subject_id)
