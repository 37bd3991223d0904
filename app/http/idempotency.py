"""Idempotency keys: a write is executed once, however often the client sends it.

Implements draft-ietf-httpapi-idempotency-key-header. The key is looked up first: a repeated request
is one SELECT, and executes nothing. Without that, each repetition would use up an AUTO_INCREMENT
value, which a rollback does not return.

The key and the response are inserted at the end of the transaction that does the work. Of requests
that run at the same time, only one can insert the key: the transactions of the others fail on that
INSERT, or earlier on another unique index; they are rolled back, and the stored response is
returned. The lookup and the INSERT cost two statements; a request without a key costs one instead,
its commit token.
"""

import json
import re
from collections.abc import Callable
from hashlib import sha256

from flask import request

from app.db.database import Database
from app.db.errors import (
    ConnectionLost,
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
# The longest response is a batch of 100 students, of at most 1.7 KB each. Larger responses of
# future operations must not fill the table unnoticed.
MAX_STORED_BYTES = 256 * 1024
# The draft requires a quoted string; most clients send it without quotes.
PATTERN = r'^("[!#-~]{1,255}"|[!#-~]{1,255})$'


def run_idempotently(write: Callable[[Transaction], ResponseData]) -> ResponseData:
    """Run a transaction; with an Idempotency-Key it commits at most once per caller and key.

    A retry gets the stored response. Raises a `Problem`: 422 if the key was used for a different
    request, 409 if the first request is still running.
    """
    key = _key()
    if key is None:
        return database().run_transaction(write)
    use = {**_request(), "key": key}
    stored = _stored_earlier(use)
    if stored is not None:
        return stored

    def write_and_store(tx: Transaction) -> ResponseData:
        response = write(tx)
        _store(tx, use, response)
        return response

    try:
        # The key makes it safe to retry even if the outcome of the COMMIT is unknown.
        return database().run_transaction(write_and_store, idempotent=True)
    except ConstraintViolation:
        try:
            stored = _stored(database(), use)
        except DatabaseError as error:  # whether an earlier attempt was committed is unknown
            raise OutcomeUnknown(str(error)) from error
        if stored is None:
            raise
        return stored


def _stored_earlier(use: dict[str, object]) -> ResponseData | None:
    try:
        return _stored(database(), use)
    except ConnectionLost as error:  # whether an earlier request was committed is unknown
        raise OutcomeUnknown(str(error)) from error


def _key() -> str | None:
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not re.fullmatch(PATTERN, given):
        raise Problem(
            400,
            "The Idempotency-Key is not valid.",
            kind="invalid",
            errors=[
                {"header": HEADER, "detail": "use 1 to 255 ASCII characters, without spaces"},
            ],
        )
    return given.strip('"')


def _request() -> dict[str, object]:
    content = [request.method, request.path, request.get_data(as_text=True)]
    return {
        "api_user_id": caller().api_user_id,
        "method": request.method,
        "path": request.path,
        "fingerprint": sha256(json.dumps(content).encode()).hexdigest(),
    }


def _store(tx: Transaction, use: dict[str, object], response: ResponseData) -> None:
    if len(response.body.encode()) > MAX_STORED_BYTES:  # the transaction is rolled back
        raise Problem(
            422,
            f"The response has more than {MAX_STORED_BYTES:,} bytes and cannot be stored for the "
            f"{HEADER}; nothing was stored. Send less, or send it without the {HEADER}.",
            kind="response-too-long",
        )
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
                "status": response.status,
                "headers": json.dumps(dict(response.headers)),
                "body": response.body,
            },
        )
    except TransactionConflict as error:
        if error.code == 1205:  # another transaction inserted this key and is still open
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
        raise Problem(
            422, "This Idempotency-Key was used for a different request.", kind="key-reused"
        )
    headers = {**json.loads(found["response_headers"]), "Idempotency-Replayed": "true"}
    return ResponseData(found["response_status"], bytes(found["response_body"]).decode(), headers)
