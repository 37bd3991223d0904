"""What a country looks like, and how countries are asked for."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, fields_of


class Country(BaseModel):
    """A country."""

    country_id: int
    country: str
    last_update: datetime


class CountryView(View):
    """One country."""

    fields: Annotated[Names, fields_of(Country)] = ()


class CountryPage(CountryView, Page):
    """A page of countries."""

    sort: Annotated[Orders, SortBy("country")] = ()
    country: str | None = Field(None, max_length=50, description="Of this name.")
    q: Substring | None = Field(None, description="With this in the name.")
