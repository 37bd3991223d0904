"""Exactly once: a write and the answer to it are stored together, under the client's key.

draft-ietf-httpapi-idempotency-key-header. The key is inserted last, by the
unit that does the work: a second request with the key fails there, or on a
unique key of the data before, is rolled back whole, and gets the answer that
the first one stored. That costs one statement, and none where no key is sent.
"""

import json
import re
from collections.abc import Callable
from hashlib import sha256

from flask import request

from app.db.database import Database
from app.db.errors import (
    ConstraintViolation,
    DatabaseError,
    OutcomeUnknown,
    TransactionConflict,
)
from app.db.transaction import Row, Transaction
from app.http.caller import caller
from app.http.context import database
from app.http.problems import Problem
from app.http.responses import ResponseData

HEADER = "Idempotency-Key"
# The draft's string in quotes, or what most clients send: the same without them.
PATTERN = r'^("[!#-~]{1,255}"|[!#-~]{1,255})$'


def run_idempotently(unit: Callable[[Transaction], ResponseData]) -> ResponseData:
    """Run a unit; with an Idempotency-Key, at most once for this caller and key.

    A replay gets the stored answer. Raises a `Problem`: 422 where the key was
    used for another request, 409 where that one is still running.
    """
    key = _key()
    if key is None:
        return database().run_transaction(unit)
    use = {**_request(), "key": key}

    def unit_and_key(tx: Transaction) -> ResponseData:
        answer = unit(tx)
        _store(tx, use, answer)
        return answer

    try:
        # A repetition is harmless, so it is also made when the outcome is unknown.
        return database().run_transaction(unit_and_key, idempotent=True)
    except ConstraintViolation:
        try:
            stored = _stored(database(), use)
        except DatabaseError as error:  # so it stays open whether an earlier run was stored
            raise OutcomeUnknown(str(error)) from error
        if stored is None:
            raise
        return stored


def _key() -> str | None:
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not re.fullmatch(PATTERN, given):
        raise Problem(
            400,
            "The Idempotency-Key cannot be used.",
            kind="invalid",
            errors=[
                {"header": HEADER, "detail": "1 to 255 characters of ASCII, without spaces"},
            ],
        )
    return given.strip('"')


def _request() -> dict[str, object]:
    what = [request.method, request.path, request.get_data(as_text=True)]
    return {
        "api_user_id": caller().api_user_id,
        "method": request.method,
        "path": request.path,
        "fingerprint": sha256(json.dumps(what).encode()).hexdigest(),
    }


def _store(tx: Transaction, use: dict[str, object], answer: ResponseData) -> None:
    try:
        tx.execute(
            """
            INSERT INTO idempotency_key (api_user_id, idempotency_key, method, path,
                                         request_fingerprint, response_status,
                                         response_headers, response_body)
            VALUES (%(api_user_id)s, %(key)s, %(method)s, %(path)s,
                    UNHEX(%(fingerprint)s), %(status)s, %(headers)s, %(body)s)
            """,
            {
                **use,
                "status": answer.status,
                "headers": json.dumps(dict(answer.headers)),
                "body": answer.body,
            },
        )
    except TransactionConflict as error:
        if error.code == 1205:  # somebody holds this key and has not ended
            raise Problem(
                409,
                "A request with this Idempotency-Key is still running.",
                kind="still-running",
                headers=[("Retry-After", "1")],
            ) from error
        raise


def _stored(db: Database, use: dict[str, object]) -> ResponseData | None:
    found: Row | None = db.fetch_one(
        """
        SELECT LOWER(HEX(request_fingerprint)) AS fingerprint,
               response_status, response_headers, response_body
        FROM idempotency_key
        WHERE api_user_id = %(api_user_id)s AND idempotency_key = %(key)s
        """,
        use,
    )
    if found is None:
        return None
    if found["fingerprint"] != use["fingerprint"]:
        raise Problem(422, "This Idempotency-Key was used for another request.", kind="key-reused")
    headers = {**json.loads(found["response_headers"]), "Idempotency-Replayed": "true"}
    return ResponseData(found["response_status"], bytes(found["response_body"]).decode(), headers)
