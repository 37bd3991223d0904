"""HTTP resources for members of staff."""

from typing import Any

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ADMIN, STAFF
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.staff import queries
from app.resources.staff.schemas import Staff, StaffBody, StaffPage, StaffView


class StaffMembers(Resource):  # type: ignore[misc]
    """The collection of members of staff."""

    @operation(roles=STAFF, query=StaffPage, response=PageOf[Staff])
    def get(self, query: StaffPage) -> Response:
        """List members of staff.

        Staff see the members of staff of their own campus.
        """
        return crud.list_page(queries, query)

    @operation(roles=ADMIN, body=StaffBody, response=Staff, status=201, idempotency_key=True)
    def post(self, body: StaffBody) -> Response:
        """Create a member of staff."""
        return crud.create(queries, "/v1/staff", body)


class StaffMember(Resource):  # type: ignore[misc]
    """A single member of staff."""

    @operation(roles=STAFF, query=StaffView, response=Staff)
    def get(self, staff_id: int, query: StaffView) -> Response:
        """Get a member of staff."""
        return crud.read(queries, staff_id, query)

    @operation(roles=ADMIN, body=StaffBody, response=Staff, conditional=True)
    def put(self, staff_id: int, body: StaffBody) -> Response:
        """Replace a member of staff."""
        return crud.replace(queries, staff_id, body)

    @operation(roles=ADMIN, patch=StaffBody, response=Staff, conditional=True)
    def patch(self, staff_id: int, changes: dict[str, Any]) -> Response:
        """Update a member of staff."""
        return crud.patch(queries, staff_id, changes, StaffBody)

    @operation(roles=ADMIN, status=204, conditional=True)
    def delete(self, staff_id: int) -> Response:
        """Delete a member of staff.

        The response is 409 if they teach a course or are a user of the API.
        """
        return crud.delete(queries, staff_id)
