"""Attempts over HTTP; the call from which this project started keeps its own envelope."""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE, STAFF, caller
from app.http.context import database
from app.http.operation import operation
from app.http.paging import PageOf
from app.http.problems import not_found
from app.http.responses import json_response
from app.resources.attempts import queries
from app.resources.attempts.schemas import (
    AtDataAnswer,
    AtDataBody,
    AttemptBody,
    AttemptPage,
    AttemptView,
    NewAttempt,
)
from app.resources.attempts.schemas import Attempt as AttemptAnswer


class Attempts(Resource):  # type: ignore[misc]
    """All attempts that the caller may see."""

    @operation(roles=ANY_ROLE, query=AttemptPage, response=PageOf[AttemptAnswer])
    def get(self, query: AttemptPage) -> Response:
        """List attempts, a page at a time."""
        return crud.list_page(queries, query)

    @operation(
        roles=STAFF, body=NewAttempt, response=AttemptAnswer, status=201, idempotency_key=True
    )
    def post(self, body: NewAttempt) -> Response:
        """Add an attempt at an assessment of the enrolled course."""
        return crud.create(queries, "/v1/attempts", body)


class Attempt(Resource):  # type: ignore[misc]
    """One attempt."""

    @operation(roles=ANY_ROLE, query=AttemptView, response=AttemptAnswer)
    def get(self, attempt_id: int, query: AttemptView) -> Response:
        """Read an attempt."""
        return crud.read(queries, attempt_id, query)

    @operation(roles=STAFF, body=AttemptBody, response=AttemptAnswer, conditional=True)
    def put(self, attempt_id: int, body: AttemptBody) -> Response:
        """Replace an attempt's score and date."""
        return crud.replace(queries, attempt_id, body)

    @operation(roles=STAFF, patch=AttemptBody, response=AttemptAnswer, conditional=True)
    def patch(self, attempt_id: int, changes: dict[str, Any]) -> Response:
        """Change an attempt's score or date."""
        return crud.patch(queries, attempt_id, changes, AttemptBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, attempt_id: int) -> Response:
        """Delete an attempt."""
        return crud.delete(queries, attempt_id)


class AtData(Resource):  # type: ignore[misc]
    """A student's attempts at the assessments of one chapter."""

    @operation(roles=ANY_ROLE, body=AtDataBody, form=True, response=AtDataAnswer)
    def post(self, student_id: int, body: AtDataBody) -> Response:
        """List the attempts; `chapterId` comes in a JSON or form body."""
        attempts = queries.list_of_student_in_chapter(
            database(), caller(), student_id, body.chapter_id
        )
        if attempts is None:
            raise not_found("student")
        return json_response(
            {"resultCode": 100, "resultDescription": "SUCCESS", "result": attempts}
        )
