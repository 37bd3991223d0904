"""HTTP resources for countries."""

from flask import Response

from app.http import crud
from app.http.api import Resource
from app.http.caller import ANY_ROLE
from app.http.operation import operation
from app.http.paging import PageOf
from app.resources.countries import queries
from app.resources.countries.schemas import Country as CountryAnswer
from app.resources.countries.schemas import CountryPage, CountryView


class Countries(Resource):  # type: ignore[misc]
    """The collection of countries."""

    @operation(roles=ANY_ROLE, query=CountryPage, response=PageOf[CountryAnswer])
    def get(self, query: CountryPage) -> Response:
        """List countries."""
        return crud.list_page(queries, query)


class Country(Resource):  # type: ignore[misc]
    """A single country."""

    @operation(roles=ANY_ROLE, query=CountryView, response=CountryAnswer)
    def get(self, country_id: int, query: CountryView) -> Response:
        """Get a country."""
        return crud.read(queries, country_id, query)
