"""The classic lookup: `GET /?city=London`."""

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from app.cities import queries
from app.http.operation import operation
from app.http.restful import Resource
from app.http.state import database


class CityQuery(BaseModel):
    """The city asked for."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(min_length=1, max_length=200, description="Its name.")


class CityLookup(Resource):  # type: ignore[misc]
    """A city's id by its name, as plain text. It needs nothing but a `city` table."""

    @operation(roles=None, query=CityQuery)
    def get(self, query: CityQuery) -> Response:
        """Look a city up."""
        found = queries.find_by_name(database(), query.city)
        if found is None:
            return Response(f'City "{query.city}" not found\n', 404, mimetype="text/plain")
        return Response(f'City "{query.city}" is #{found["city_id"]}\n', mimetype="text/plain")
