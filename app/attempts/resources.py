"""The call from which this project started, in its own envelope."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from app.attempts import queries
from app.auth.caller import ANYBODY
from app.auth.guard import caller
from app.http.answers import answer
from app.http.operation import operation
from app.http.problems import not_found
from app.http.restful import Resource
from app.http.state import database
from app.http.types import Body, Key


class AtDataBody(Body):
    """The chapter asked for."""

    chapter_id: Key = Field(alias="chapterId", examples=[1])


class AtDataItem(BaseModel):
    """An attempt, in the words of the original call."""

    attempt_id: int = Field(alias="attemptId")
    assessment_id: int = Field(alias="assessmentId")
    title: str
    score: Decimal
    attempt_date: datetime = Field(alias="attemptDate")


class AtDataAnswer(BaseModel):
    """The envelope of the original call."""

    result_code: Literal[100] = Field(alias="resultCode")
    result_description: Literal["SUCCESS"] = Field(alias="resultDescription")
    result: list[AtDataItem]


class AtData(Resource):  # type: ignore[misc]
    """A student's attempts at the assessments of one chapter."""

    @operation(roles=ANYBODY, body=AtDataBody, form=True, answer=AtDataAnswer)
    def post(self, student_id: int, body: AtDataBody) -> Response:
        """List the attempts; `chapterId` comes in a JSON or form body."""
        attempts = queries.list_of_student_in_chapter(
            database(), caller(), student_id, body.chapter_id
        )
        if attempts is None:
            raise not_found("student")
        return answer({"resultCode": 100, "resultDescription": "SUCCESS", "result": attempts})
