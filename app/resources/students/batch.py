"""Creation of several students in one request: `POST /v1/students:batch`.

The custom method follows a colon (AIP-136), so that it cannot be confused with a student's key.

The whole batch runs in one transaction. One transaction per item would take three more statements
each, and the response could not be stored together with the rows: a client that lost the response
halfway would not know which items were stored. Either the transaction is committed and the response
describes exactly what was stored, or nothing was stored. Within the transaction, each item succeeds
or fails on its own (`app.db.savepoints`); a batch in which every item is valid takes eight
statements, regardless of its length.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated, Any

from flask import Response, json
from pydantic import BaseModel, Field, WithJsonSchema

from app.db.errors import ConstraintViolation, DatabaseError, InvalidValue
from app.db.savepoints import run_for_each
from app.db.transaction import Transaction
from app.http import error_handlers
from app.http.api import Resource
from app.http.caller import STAFF, caller
from app.http.crud import may_not_store, permission_first
from app.http.idempotency import run_idempotently
from app.http.operation import operation
from app.http.problems import Problem
from app.http.responses import ResponseData
from app.http.types import Body
from app.http.validation import validate
from app.resources.students import queries
from app.resources.students.schemas import Student, StudentBody
from app.sql import keyset
from app.sql.keyset import ListQuery
from app.sql.order import Order
from app.sql.rows import Window

MAX_ITEMS = 100
# Fewer than in a response about one student: all items together stay below 100 KB.
MAX_ERRORS_PER_ITEM = 5
COMPONENTS = "#/components/schemas"
Rejection = Problem | DatabaseError
PROBLEM_OR_NULL = {"anyOf": [{"$ref": f"{COMPONENTS}/Problem"}, {"type": "null"}]}
REJECTIONS: tuple[type[Rejection], ...] = (Problem, ConstraintViolation, InvalidValue)

# Each item is validated on its own, so an invalid item does not make the request invalid.
UnvalidatedItem = Annotated[
    Any, WithJsonSchema({"anyOf": [{"$ref": f"{COMPONENTS}/{StudentBody.__name__}"}, {}]})
]


class StudentBatchBody(Body):
    """The students to create, each independent of the others."""

    items: list[UnvalidatedItem] = Field(min_length=1, max_length=MAX_ITEMS)


class StudentResult(BaseModel):
    """The result for one item: the student, or a problem with pointers into the item."""

    status: int = Field(description="The status of the response if the item were sent alone.")
    student: Student | None = Field(None, description="The student as stored.")
    problem: Annotated[Any, WithJsonSchema(PROBLEM_OR_NULL)] = Field(
        None, description="The reason why the item was not stored."
    )


class StudentResults(BaseModel):
    """The results, in the order of the items."""

    items: list[StudentResult]


class StudentBatch(Resource):  # type: ignore[misc]
    """Creation of several students in one request."""

    @operation(
        roles=STAFF,
        body=StudentBatchBody,
        response=StudentResults,
        status=207,
        idempotency_key=True,
    )
    def post(self, body: StudentBatchBody) -> Response:
        """Create up to 100 students.

        Items that cannot be stored do not affect the others; their problems contain at most 5
        errors each. Staff may only create students of
        their own campus.
        """
        validated = [_validate(item) for item in body.items]
        valid = [item for item in validated if isinstance(item, dict)]

        def create_all(tx: Transaction) -> ResponseData:
            stored = iter(run_for_each(tx, valid, _insert, REJECTIONS))
            results = [next(stored) if isinstance(item, dict) else item for item in validated]
            items = ",".join(map(_result_json, results, body.items))
            return ResponseData(207, f'{{"items":[{items}]}}\n')

        return run_idempotently(create_all).response()


def _validate(item: Any) -> dict[str, Any] | Problem:
    """Return the values of an item, or the problem that `POST /v1/students` would return."""
    try:
        return validate(StudentBody, json.dumps(item)).model_dump()
    except Problem as problem:
        return problem


def _insert(tx: Transaction, students: Sequence[dict[str, Any]]) -> list[str]:
    """Insert students and return them as JSON.

    Raises a `Problem` if the caller may not create one of them. Only the rejection of a single
    student becomes a result, so that only for one the permission precedes the constraints.
    """
    with permission_first(queries, tx, students[0]) if len(students) == 1 else nullcontext():
        queries.insert_many(tx, students)
    emails = [student["email"] for student in students]
    writable = queries.with_emails(emails) & queries.writable_by(caller())
    found = keyset.page(
        tx, ListQuery(queries.SELECT, Window((Order("email"),), limit=len(emails))), writable
    )
    if len(found) < len(emails):
        raise may_not_store(queries)
    by_email = {row.position[0]: row.json for row in found}
    return [by_email[email] for email in emails]


def _result_json(result: str | Rejection, item: Any) -> str:
    if isinstance(result, str):
        return f'{{"status":201,"student":{result}}}'
    problem = (
        error_handlers.problem_from(result, item) if isinstance(result, DatabaseError) else result
    )
    body = error_handlers.problem_body(problem)
    if problem.errors:
        body["errors"] = problem.errors[:MAX_ERRORS_PER_ITEM]
    return json.dumps({"status": problem.status, "problem": body})
