"""Many students in one request: `POST /v1/students:batch`.

A verb of the collection stands after a colon (AIP-136), so that it can never
be mistaken for a student: below the slash are keys.

All of it is one unit of work. A unit an item would cost three more statements
each, and could not be stored together with its answer: whoever lost that
answer half-way would not know which half is there. So either the whole answer
is true and, under an Idempotency-Key, kept, or nothing was stored. Within the
unit each item stands for itself (`app.db.savepoints`); a list without a fault
takes six statements, however long it is.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from flask import Response, json
from pydantic import BaseModel, Field, WithJsonSchema

from app.db.errors import ConstraintViolation, DatabaseError, InvalidValue
from app.db.savepoints import run_for_each
from app.db.transaction import Transaction
from app.http import error_handlers
from app.http.api import Resource
from app.http.caller import STAFF, caller
from app.http.idempotency import run_idempotently
from app.http.operation import operation
from app.http.problems import Problem
from app.http.responses import ResponseData
from app.http.types import Body
from app.http.validation import validate
from app.resources.students import queries
from app.resources.students.schemas import Student, StudentBody
from app.sql.select import Order, Window

MAX_ITEMS = 100
COMPONENTS = "#/components/schemas"
Refusal = Problem | DatabaseError
PROBLEM_OR_NULL = {"anyOf": [{"$ref": f"{COMPONENTS}/Problem"}, {"type": "null"}]}
REFUSALS: tuple[type[Refusal], ...] = (Problem, ConstraintViolation, InvalidValue)

# Each is validated by itself, so the list as a whole is valid whatever they are.
Unchecked = Annotated[
    Any, WithJsonSchema({"anyOf": [{"$ref": f"{COMPONENTS}/{StudentBody.__name__}"}, {}]})
]


class StudentBatchBody(Body):
    """Students to be stored, each for itself."""

    items: list[Unchecked] = Field(min_length=1, max_length=MAX_ITEMS)


class StudentResult(BaseModel):
    """What became of one item: the student, or the problem with pointers into the item."""

    status: int = Field(description="What the item alone would have been answered.")
    student: Student | None = Field(None, description="As stored, if it was.")
    problem: Annotated[Any, WithJsonSchema(PROBLEM_OR_NULL)] = Field(
        None, description="Why it was not stored."
    )


class StudentResults(BaseModel):
    """A result for each item, in their order."""

    items: list[StudentResult]


class StudentBatch(Resource):  # type: ignore[misc]
    """Many students at once."""

    @operation(
        roles=STAFF,
        body=StudentBatchBody,
        response=StudentResults,
        status=207,
        idempotency_key=True,
    )
    def post(self, body: StudentBatchBody) -> Response:
        """Add up to 100 students; one that cannot be stored does not keep the others away."""
        checked = [_checked(item) for item in body.items]
        valid = [item for item in checked if isinstance(item, dict)]

        def unit(tx: Transaction) -> ResponseData:
            stored = iter(run_for_each(tx, valid, _insert, REFUSALS))
            results = [next(stored) if isinstance(item, dict) else item for item in checked]
            written = ",".join(map(_written, results, body.items))
            return ResponseData(207, f'{{"items":[{written}]}}\n')

        return run_idempotently(unit).response()


def _checked(item: Any) -> dict[str, Any] | Problem:
    """Give an item's values, or what is wrong with them: as `POST /v1/students` would say it."""
    try:
        return validate(StudentBody, json.dumps(item)).model_dump()
    except Problem as problem:
        return problem


def _insert(tx: Transaction, students: Sequence[dict[str, Any]]) -> list[str]:
    """Store students and read them back as JSON; raises a `Problem` if one is not the caller's."""
    queries.insert_many(tx, students)
    emails = [student["email"] for student in students]
    mine = queries.with_emails(emails) & queries.writable_by(caller())
    found = queries.SELECT.page(tx, mine, Window((Order("email"),), limit=len(emails)))
    if len(found) < len(emails):
        raise Problem(403, "You may not store this student.")
    by_email = {row.position[0]: row.json for row in found}
    return [by_email[email] for email in emails]


def _written(result: str | Refusal, item: Any) -> str:
    if isinstance(result, str):
        return f'{{"status":201,"student":{result}}}'
    problem = (
        error_handlers.problem_from(result, item) if isinstance(result, DatabaseError) else result
    )
    return json.dumps({"status": problem.status, "problem": error_handlers.problem_body(problem)})
