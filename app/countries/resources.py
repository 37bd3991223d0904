"""Countries over HTTP."""

from flask import Response

from app.auth.caller import ANYBODY
from app.countries import queries
from app.countries.schemas import Country as CountryAnswer
from app.countries.schemas import CountryPage, CountryView
from app.http import crud
from app.http.operation import operation
from app.http.paging import PageOf
from app.http.restful import Resource


class Countries(Resource):  # type: ignore[misc]
    """All countries."""

    @operation(roles=ANYBODY, query=CountryPage, answer=PageOf[CountryAnswer])
    def get(self, query: CountryPage) -> Response:
        """List countries, a page at a time."""
        return crud.list_page(queries, query)


class Country(Resource):  # type: ignore[misc]
    """One country."""

    @operation(roles=ANYBODY, query=CountryView, answer=CountryAnswer)
    def get(self, country_id: int, query: CountryView) -> Response:
        """Read a country."""
        return crud.read(queries, country_id, query)
