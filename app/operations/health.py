"""Whether the process lives, and whether it can work."""

from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from app.http.api import Resource
from app.http.caller import PUBLIC
from app.http.context import database
from app.http.operation import operation
from app.http.problems import Problem
from app.http.responses import json_response
from app.operations import schema


class Alive(BaseModel):
    """The process lives."""

    status: Literal["alive"]


class Ready(BaseModel):
    """Requests can be served."""

    status: Literal["ready"]
    schema_: str = Field(alias="schema", description="The newest migration.")


class Livez(Resource):  # type: ignore[misc]
    """The process answers; the database is not asked."""

    @operation(roles=PUBLIC, response=Alive)
    def get(self) -> Response:
        """Say that the process lives."""
        return json_response({"status": "alive"})


class Readyz(Resource):  # type: ignore[misc]
    """The database answers, and its schema is the one this code needs."""

    @operation(roles=PUBLIC, response=Ready, problems=(503,))
    def get(self) -> Response:
        """Say whether requests can be served."""
        refused = database().access_error()
        # Connections opened earlier may still work, but none will take their place.
        reason = refused.__doc__ if refused else schema.problem(database())
        if reason is not None:
            raise Problem(503, reason, kind="not-ready", headers=[("Retry-After", "1")])
        return json_response({"status": "ready", "schema": schema.newest()})
