"""HTTP resources for attempts.

`at-data` returns an envelope with camelCase names, which differs from the conventions of the other
operations, for compatibility with existing clients.
"""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE, STAFF, caller
from app.http.context import database
from app.http.operation import operation
from app.http.paging import PageOf
from app.http.problems import Problem, not_found
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

MAX_AT_DATA = 1000  # about 150 KB


class Attempts(Resource):  # type: ignore[misc]
    """The collection of attempts."""

    @operation(roles=ANY_ROLE, query=AttemptPage, response=PageOf[AttemptAnswer])
    def get(self, query: AttemptPage) -> Response:
        """List attempts.

        With a filter by score or date, a page may have fewer items than its limit, or none, and
        still have a `next` link: 1,000 attempts are checked for each page.

        Staff see attempts of students of their own campus and in courses they teach; students see
        only their own.
        """
        return crud.list_page(queries, query)

    @operation(
        roles=STAFF, body=NewAttempt, response=AttemptAnswer, status=201, idempotency_key=True
    )
    def post(self, body: NewAttempt) -> Response:
        """Create an attempt.

        The assessment must belong to the course of the enrollment. Staff may only create attempts
        in enrollments they may see.
        """
        return crud.create(queries, "/v1/attempts", body)


class Attempt(Resource):  # type: ignore[misc]
    """A single attempt."""

    @operation(roles=ANY_ROLE, query=AttemptView, response=AttemptAnswer)
    def get(self, attempt_id: int, query: AttemptView) -> Response:
        """Get an attempt."""
        return crud.read(queries, attempt_id, query)

    @operation(roles=STAFF, body=AttemptBody, response=AttemptAnswer, conditional=True)
    def put(self, attempt_id: int, body: AttemptBody) -> Response:
        """Replace an attempt.

        Staff may only replace attempts in enrollments they may see.
        """
        return crud.replace(queries, attempt_id, body)

    @operation(roles=STAFF, patch=AttemptBody, response=AttemptAnswer, conditional=True)
    def patch(self, attempt_id: int, changes: dict[str, Any]) -> Response:
        """Update an attempt.

        Staff may only update attempts in enrollments they may see.
        """
        return crud.patch(queries, attempt_id, changes, AttemptBody)

    @operation(roles=STAFF, status=204, conditional=True)
    def delete(self, attempt_id: int) -> Response:
        """Delete an attempt.

        Staff may only delete attempts in enrollments they may see.
        """
        return crud.delete(queries, attempt_id)


class AtData(Resource):  # type: ignore[misc]
    """A student's attempts at the assessments of one chapter."""

    @operation(roles=ANY_ROLE, body=AtDataBody, form=True, response=AtDataAnswer)
    def post(self, student_id: int, body: AtDataBody) -> Response:
        """List a student's attempts at the assessments of a chapter.

        `chapterId` is sent in a JSON or form body. The attempts are sorted by date. If there are
        more than 1,000, the response is 422: list them by page at `/v1/attempts`.
        """
        attempts = queries.list_of_student_in_chapter(
            database(), caller(), student_id, body.chapter_id, limit=MAX_AT_DATA + 1
        )
        if attempts is None:
            raise not_found("student")
        if len(attempts) > MAX_AT_DATA:
            raise Problem(
                422,
                f"There are more than {MAX_AT_DATA:,} attempts; list them by page at "
                "/v1/attempts?student_id= with assessment_id=.",
                kind="response-too-long",
            )
        return json_response(
            {"resultCode": 100, "resultDescription": "SUCCESS", "result": attempts}
        )
