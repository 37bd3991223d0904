"""HTTP resources for cities, and the city lookup `GET /?city=London`."""

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE, PUBLIC
from app.http.consistency import reader
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.cities import queries
from app.resources.cities.schemas import City as CityAnswer
from app.resources.cities.schemas import CityPage, CityQuery, CityView


class CityLookup(Resource):  # type: ignore[misc]
    """Lookup of a city's ID by name, as plain text. Requires only a `city` table."""

    @operation(roles=PUBLIC, query=CityQuery, produces=("text/plain",), problems=(404, 503))
    def get(self, query: CityQuery) -> Response:
        """Look up a city by name.

        The response is plain text with the ID of the city, for signed-out clients too.
        """
        found = queries.find_by_name(reader(), query.city)
        if found is None:
            return Response(f'City "{query.city}" not found\n', 404, mimetype="text/plain")
        return Response(f'City "{query.city}" is #{found["city_id"]}\n', mimetype="text/plain")


class Cities(Resource):  # type: ignore[misc]
    """The collection of cities."""

    @operation(roles=ANY_ROLE, query=CityPage, response=PageOf[CityAnswer])
    def get(self, query: CityPage) -> Response:
        """List cities."""
        return crud.list_page(queries, query)


class City(Resource):  # type: ignore[misc]
    """A single city."""

    @operation(roles=ANY_ROLE, query=CityView, response=CityAnswer)
    def get(self, city_id: int, query: CityView) -> Response:
        """Get a city."""
        return crud.read(queries, city_id, query)
