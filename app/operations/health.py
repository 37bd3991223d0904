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
        if (reason := _problem(database())) is not None:
            raise Problem(503, reason, kind="not-ready", headers=[("Retry-After", "1")])
        body = {"status": "ready", "schema": schema.newest()}
        if (failure := database().storage_error()) is not None:
            # Reads are served: without them, a full disk would be an outage of everything.
            body["writes"] = f"{schema.describe(failure)} Error {failure.code}."
        if (replica := database().replica) is not None and replica.problem():
            body["replica"] = "The read replica is not used; the primary serves all reads."
        return json_response(body)


def _problem(db: Database) -> str | None:
    """Return one sentence on why requests cannot be served; None if they can.

    The probe comes first: it makes a trial connection if one is due, so that the answer does not
    depend on other requests.
    """
    try:
        reason = schema.mismatch(probe(db.connections, schema.current))
    except DatabaseUnavailable as error:
        reason = schema.describe(error)
    # Existing connections may still work, but new ones cannot be opened.
    denied = db.access_error()
    return schema.describe(denied) if denied else reason
