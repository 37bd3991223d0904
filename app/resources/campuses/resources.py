"""HTTP resources for campuses."""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ADMIN, ANY_ROLE
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.campuses import queries
from app.resources.campuses.schemas import Campus as CampusAnswer
from app.resources.campuses.schemas import CampusBody, CampusPage, CampusView


class Campuses(Resource):  # type: ignore[misc]
    """The collection of campuses."""

    @operation(roles=ANY_ROLE, query=CampusPage, response=PageOf[CampusAnswer])
    def get(self, query: CampusPage) -> Response:
        """List campuses."""
        return crud.list_page(queries, query)

    @operation(
        roles=ADMIN, body=CampusBody, response=CampusAnswer, status=201, idempotency_key=True
    )
    def post(self, body: CampusBody) -> Response:
        """Create a campus."""
        return crud.create(queries, "/v1/campuses", body)


class Campus(Resource):  # type: ignore[misc]
    """A single campus."""

    @operation(roles=ANY_ROLE, query=CampusView, response=CampusAnswer)
    def get(self, campus_id: int, query: CampusView) -> Response:
        """Get a campus."""
        return crud.read(queries, campus_id, query)

    @operation(roles=ADMIN, body=CampusBody, response=CampusAnswer, conditional=True)
    def put(self, campus_id: int, body: CampusBody) -> Response:
        """Replace a campus."""
        return crud.replace(queries, campus_id, body)

    @operation(roles=ADMIN, patch=CampusBody, response=CampusAnswer, conditional=True)
    def patch(self, campus_id: int, changes: dict[str, Any]) -> Response:
        """Update a campus."""
        return crud.patch(queries, campus_id, changes, CampusBody)

    @operation(roles=ADMIN, status=204, conditional=True)
    def delete(self, campus_id: int) -> Response:
        """Delete a campus.

        The response is 409 if it has staff or students.
        """
        return crud.delete(queries, campus_id)
