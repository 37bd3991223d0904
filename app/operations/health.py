"""Health checks: liveness (`/livez`) and readiness (`/readyz`)."""

from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from app.db import Database, DatabaseUnavailable
from app.db.probe import probe
from app.http.api import Resource
from app.http.caller import PUBLIC
from app.http.context import database
from app.http.operation import operation
from app.http.problems import Problem
from app.http.responses import json_response
from app.operations import schema


class Alive(BaseModel):
    """The process is alive."""

    status: Literal["alive"]


class Ready(BaseModel):
    """Requests can be served."""

    status: Literal["ready"]
    schema_: str = Field(alias="schema", description="The newest migration.")
    writes: str | None = Field(None, description="Why changes fail at present, if they do.")
    replica: str | None = Field(
        None, description="Why the read replica is not used at present, if there is one."
    )


class Livez(Resource):  # type: ignore[misc]
    """Liveness; does not use the database."""

    @operation(roles=PUBLIC, response=Alive)
    def get(self) -> Response:
        """Return 200 while the process can respond."""
        return json_response({"status": "alive"})


class Readyz(Resource):  # type: ignore[misc]
    """Readiness; checks the database and the version of its schema."""

    @operation(roles=PUBLIC, response=Ready, problems=(503,))
    def get(self) -> Response:
        """Return whether requests can be served; responds within a few seconds."""
        reason, read_only = _problems(database())
        if reason is not None:
            raise Problem(503, reason, kind="not-ready", headers=[("Retry-After", "1")])
        body = {"status": "ready", "schema": schema.newest()}
        # Reads are served: without them, a full disk would be an outage of everything.
        if (failure := database().storage_error()) is not None:
            body["writes"] = f"{schema.describe(failure)} Error {failure.code}."
        elif read_only is not None:
            body["writes"] = read_only
        if (replica := database().replica) is not None and replica.problem():
            body["replica"] = "The read replica is not used; the primary serves all reads."
        return json_response(body)


def _problems(db: Database) -> tuple[str | None, str | None]:
    """Return one sentence on why requests cannot be served, and one on why changes cannot.

    Each is None if there is no reason. The probe comes first: it makes a trial connection if one is
    due, so that the answer does not depend on other requests.
    """
    read_only = None
    try:
        found, read_only = probe(
            db.connections,
            lambda reader: (schema.current(reader), schema.read_only_problem(reader)),
        )
        reason = schema.mismatch(found)
    except DatabaseUnavailable as error:
        reason = schema.describe(error)
    # Existing connections may still work, but new ones cannot be opened.
    denied = db.access_error()
    return (schema.describe(denied) if denied else reason), read_only
