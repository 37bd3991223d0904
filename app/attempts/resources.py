"""The call from which this project started, in its own envelope."""

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from app.attempts import queries
from app.auth.caller import ANYBODY
from app.auth.guard import caller
from app.http.answers import answer
from app.http.operation import operation
from app.http.problems import not_found
from app.http.restful import Resource
from app.http.state import database


class AtDataBody(BaseModel):
    """The chapter asked for."""

    model_config = ConfigDict(extra="forbid")

    chapter_id: int = Field(alias="chapterId", ge=1, le=4294967295)


class AtData(Resource):  # type: ignore[misc]
    """A student's attempts at the assessments of one chapter."""

    @operation(roles=ANYBODY, body=AtDataBody, form=True)
    def post(self, student_id: int, body: AtDataBody) -> Response:
        """List the attempts; `chapterId` comes in a JSON or form body."""
        attempts = queries.list_of_student_in_chapter(
            database(), caller(), student_id, body.chapter_id
        )
        if attempts is None:
            raise not_found("student")
        return answer({"resultCode": 100, "resultDescription": "SUCCESS", "result": attempts})
